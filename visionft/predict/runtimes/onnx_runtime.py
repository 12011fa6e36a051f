"""An exported ONNX file as a function from canvases to results.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB), K classes, N rows of detections, S cells of a side
of a mask, R what a row holds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from visionft.errors import CheckpointError, DataError, UnknownName
from visionft.sample import OBJECT_TASKS
from visionft.spec import MASK_SIDE, OUTPUTS, ModelSpec

INPUT = "images"
SPEC_KEY = "visionft.spec"  # where the file's metadata keeps the ModelSpec

# What onnxruntime raises for a file that it cannot load or run; its errors share no base class.
_ORT_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


class Session:
    """An exported file, loaded and checked against its own spec.

    Args:
        path: the exported file.
        threads: CPU threads for one run; None leaves the choice to onnxruntime.
        providers: onnxruntime execution providers in order of preference; None is the CPU, which is where the
            export was verified.

    Raises:
        CheckpointError: the file is missing, no ONNX file, not one that visionft exported, or of a task that this
            version does not know.
        UnknownName: a provider that this onnxruntime does not have.
    """

    def __init__(self, path: Path, *, threads: int | None = None, providers: Sequence[str] | None = None) -> None:
        self._path = path
        self._session = _load(path, threads, list(providers or ["CPUExecutionProvider"]))
        self.spec = _read_spec(path, self._session)
        _check_graph(path, self._session, self.spec)

    def predict_canvases(self, images_BHW3: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the network on canvases.

        Args:
            images_BHW3: uint8 RGB of the size that the spec names; any B >= 1.

        Returns:
            float32: probabilities_BK, or probabilities_BKHW of a segmentation, whose sums over K are 1; or
            detections_BN6 or BNR as in ``results_of``.

        Raises:
            DataError: the array is of another type or shape.
            CheckpointError: the graph itself fails, as one that takes no such batch size does.
        """
        canvas = (self.spec.input.height, self.spec.input.width, 3)
        if images_BHW3.dtype != np.uint8 or images_BHW3.shape[1:] != canvas or not len(images_BHW3):
            raise DataError(
                f"canvases: {images_BHW3.dtype} of shape {images_BHW3.shape}; "
                f"the model takes uint8 of shape (1 or more, {', '.join(map(str, canvas))})"
            )
        try:
            outputs = self._session.run(_fetched(self.spec.task), {INPUT: images_BHW3})
        except _ORT_ERRORS as error:
            raise CheckpointError(
                f"{self._path}: onnxruntime fails on a batch of {len(images_BHW3)} ({_first_line(error)})"
            ) from error
        return results_of(self.spec.task, outputs)


def results_of(task: str, outputs: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    """Return the results that the outputs of a network or an exported file stand for.

    Args:
        task: the model's task, one of ``OUTPUTS``.
        outputs: in the order of ``OUTPUTS``; beside probabilities, what follows from them may be missing.

    Returns:
        float32: the probabilities; or detections_BN6: left, top, right and bottom in pixels of the canvas, score and
        class index, in rows by falling score that are zero from each image's count on. Where objects have masks,
        detections_BNR: behind these come the probabilities of the mask's cells, row by row.
    """
    if task not in OBJECT_TASKS:
        probabilities: NDArray[np.float32] = outputs[0]
        return probabilities
    boxes_BN4, scores_BN, labels_BN, count_B, *masks = outputs
    cells = [masks_BNSS.reshape(*scores_BN.shape, MASK_SIDE * MASK_SIDE) for masks_BNSS in masks]
    columns = (boxes_BN4, scores_BN[..., None], labels_BN[..., None], *cells)
    detections_BNR = np.concatenate([column.astype(np.float32, copy=False) for column in columns], axis=2)
    # what a graph leaves in rows that it does not use is nobody's business
    detections_BNR[np.arange(scores_BN.shape[1]) >= count_B[:, None]] = 0
    return detections_BNR


def _fetched(task: str) -> tuple[str, ...]:
    """Return the names of the outputs that ``results_of`` needs."""
    return OUTPUTS[task] if task in OBJECT_TASKS else OUTPUTS[task][:1]


def _load(path: Path, threads: int | None, providers: list[str]) -> ort.InferenceSession:
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; an exported model (.onnx) is needed")
    for provider in providers:
        if provider not in ort.get_available_providers():
            raise UnknownName("execution provider", provider, ort.get_available_providers())
    options = ort.SessionOptions()
    options.log_severity_level = 4  # every error is raised as well; standard error belongs to the user
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return ort.InferenceSession(path, options, providers=providers)
    except _ORT_ERRORS as error:
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
    if spec.task not in OUTPUTS:
        raise CheckpointError(f"{path}: a model for {spec.task}; this version predicts {', '.join(OUTPUTS)}")
    for name, given in (("colours", spec.palette), ("thresholds", spec.thresholds)):
        if given and len(given) != len(spec.class_names):
            raise CheckpointError(f"{path}: {len(given)} {name} for {len(spec.class_names)} classes; export it again")
    found = [(value.name, value.type, value.shape[1:]) for value in (*session.get_inputs(), *session.get_outputs())]
    expected = [
        (INPUT, "tensor(uint8)", [spec.input.height, spec.input.width, 3]),
        *((name, *kind) for name, kind in _outputs(session, spec).items()),
    ]
    if found != expected:
        raise CheckpointError(f"{path}: the graph maps {found}, its spec says {expected}; export it again")


def _outputs(session: ort.InferenceSession, spec: ModelSpec) -> dict[str, tuple[str, list[int | str]]]:
    """Return the type and the shape behind the batch of each output that a graph with this spec has."""
    if spec.task in OBJECT_TASKS:
        first = session.get_outputs()[0].shape  # N is the file's own choice, but one that is fixed
        rows = first[1] if len(first) == 3 and isinstance(first[1], int) else "a fixed number of rows"
        shapes: list[tuple[str, list[int | str]]] = [
            ("tensor(float)", [rows, 4]),
            ("tensor(float)", [rows]),
            ("tensor(int64)", [rows]),
            ("tensor(int64)", []),
            ("tensor(float)", [rows, MASK_SIDE, MASK_SIDE]),
        ]
    else:
        pixels: list[int | str] = [spec.input.height, spec.input.width] if spec.task == "segmentation" else []
        shapes = [("tensor(float)", [len(spec.class_names), *pixels]), ("tensor(uint8)", pixels)]
    return dict(zip(OUTPUTS[spec.task], shapes, strict=False))  # some tasks have fewer


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
