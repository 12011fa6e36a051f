"""Exported ONNX files, run by onnxruntime.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from visionft.cores import is_limited, usable_cores
from visionft.errors import CheckpointError, UnknownName
from visionft.predict.checks import Port, check_canvases, check_spec, expected_outputs
from visionft.results import Results
from visionft.spec import ModelSpec
from visionft.tasks import TASKS

INPUT = "images"
SPEC_KEY = "visionft.spec"  # where the file's metadata keeps the ModelSpec

_TYPES = {"float32": "tensor(float)", "int64": "tensor(int64)", "uint8": "tensor(uint8)"}  # numpy's -> onnxruntime's

# What onnxruntime raises for a file that it cannot load or run; its errors share no base class.
ORT_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


class OnnxRuntimeEngine:
    """An ONNX file that has been opened, and checked against its own spec.

    Args:
        path: the exported file.
        threads: CPU threads for one run; None leaves the choice to onnxruntime, which counts
            the cores of the machine, unless this process may use fewer.
        providers: onnxruntime execution providers in order of preference; None is the CPU, which is where the
            export was verified.

    Raises:
        CheckpointError: the file is missing, no ONNX file, not one that visionft exported, or of a task that this
            version does not know.
        UnknownName: a provider that this onnxruntime does not have.
    """

    kind: ClassVar[str] = "onnx"
    one_thread_scales: ClassVar[bool] = True  # runs with a thread each do not hinder one another

    def __init__(self, path: Path, *, threads: int | None = None, providers: Sequence[str] | None = None) -> None:
        self._path = path
        # what opens it again, from whatever folder
        self._opener = partial(type(self), path.absolute(), threads=threads, providers=providers)
        self._session = _load(path, threads, list(providers or ["CPUExecutionProvider"]))
        self.spec = _read_spec(path, self._session)
        _check_graph(path, self._session, self.spec)
        (images,) = self._session.get_inputs()
        self._floats = images.type == _TYPES["float32"]
        self._batch = images.shape[0] if isinstance(images.shape[0], int) else None
        self._fetched = [output.name for output in TASKS[self.spec.task].outputs if not output.derived]

    @property
    def takes_bytes(self) -> bool:
        """Whether the graph takes canvases as they are, in any number: the usual form, which other tools rely on."""
        return not self._floats and self._batch is None

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[()]]:
        return self._opener, ()

    def run(self, images_BHW3: NDArray[np.uint8]) -> Results:
        """Run the network on canvases; see ``Engine.run``. A graph may fail because it takes no such batch size."""
        check_canvases(images_BHW3, self.spec)
        if self._batch is None:
            outputs = self._outputs(images_BHW3)
        else:  # as many as the graph takes; what lacks at the end is filled, and its outputs are dropped
            starts = range(0, len(images_BHW3), self._batch)
            parts = [self._outputs(_filled(images_BHW3[start : start + self._batch], self._batch)) for start in starts]
            outputs = [np.concatenate(values)[: len(images_BHW3)] for values in zip(*parts, strict=True)]
        return dict(zip(self._fetched, outputs, strict=True))

    def _outputs(self, images_BHW3: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        images = images_BHW3.transpose(0, 3, 1, 2).astype(np.float32) if self._floats else images_BHW3
        try:
            found: Sequence[NDArray[Any]] = self._session.run(self._fetched, {INPUT: images})
        except ORT_ERRORS as error:
            raise CheckpointError(
                f"{self._path}: onnxruntime fails on a batch of {len(images_BHW3)} ({_first_line(error)})"
            ) from error
        return found


def _filled(images_BHW3: NDArray[np.uint8], batch: int) -> NDArray[np.uint8]:
    missing = batch - len(images_BHW3)
    return np.concatenate([images_BHW3, np.zeros_like(images_BHW3[:1]).repeat(missing, axis=0)])


def _load(path: Path, threads: int | None, providers: list[str]) -> ort.InferenceSession:
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; an exported model (.onnx) is needed")
    for provider in providers:
        if provider not in ort.get_available_providers():
            raise UnknownName("execution provider", provider, ort.get_available_providers())
    options = ort.SessionOptions()
    options.log_severity_level = 4  # every error is raised as well; standard error belongs to the user
    if threads is None and is_limited():
        threads = usable_cores()
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return ort.InferenceSession(path, options, providers=providers)
    except ORT_ERRORS as error:
        raise CheckpointError(
            f"{path}: onnxruntime cannot load it ({_first_line(error)}); it is damaged or no ONNX file; export it again"
        ) from error


def _read_spec(path: Path, session: ort.InferenceSession) -> ModelSpec:
    text = session.get_modelmeta().custom_metadata_map.get(SPEC_KEY)
    if text is None:
        raise CheckpointError(f"{path}: its metadata has no {SPEC_KEY!r}; write it with 'visionft export'")
    try:
        return ModelSpec.from_json(text)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _check_graph(path: Path, session: ort.InferenceSession, spec: ModelSpec) -> None:
    """Refuse a graph whose input and outputs are not the ones that its spec describes."""
    check_spec(path, spec)
    found = [(value.name, value.type, value.shape[1:]) for value in (*session.get_inputs(), *session.get_outputs())]
    outputs = expected_outputs(spec, [value.shape[1:] for value in session.get_outputs()])
    high, wide = spec.input.height, spec.input.width
    floats = bool(found) and found[0][1] == _TYPES["float32"]  # channels first, then
    images = Port(INPUT, "float32", [3, high, wide]) if floats else Port(INPUT, "uint8", [high, wide, 3])
    ports = [images, *outputs]
    expected = [(port.name, _TYPES.get(port.dtype, port.dtype), port.shape) for port in ports]
    if found != expected:
        raise CheckpointError(f"{path}: the graph maps {found}, its spec says {expected}; export it again")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
