"""An exported file in a model repository of NVIDIA's Triton Inference Server."""

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from visionft.atomic import write_text, write_with
from visionft.errors import CheckpointError, DataError
from visionft.predict.checks import Port, expected_outputs
from visionft.predict.engine import Engine, locate_exported, open_engine
from visionft.spec import ModelSpec
from visionft.tasks import TASKS

_TYPES = {"float32": "TYPE_FP32", "int64": "TYPE_INT64", "uint8": "TYPE_UINT8"}  # numpy's -> Triton's
_DELAY = 2000  # microseconds that Triton waits for more images
_BATCH = 8
_LABELS = "labels.txt"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class _Backend(NamedTuple):
    """What runs an ending in Triton: the name of its backend, and of the files that it looks for."""

    name: str
    files: tuple[str, ...]


_BACKENDS = {
    ".onnx": _Backend("onnxruntime", ("model.onnx",)),
    ".openvino": _Backend("openvino", ("model.xml", "model.bin")),
}


def add_to_repository(model: str | Path, repository: str | Path, name: str) -> Path:
    """Put an exported file into a model repository, as the next version of a model.

    Args:
        model: an exported file or folder, or a run folder that holds one.
        repository: the folder that Triton is started with; made where it is not.
        name: what requests call the model.

    Returns:
        The folder of the new version.

    Raises:
        CheckpointError: there is no exported file, it cannot be run, or Triton has no backend for it.
        DataError: the name cannot be one, or the model there is another one.
    """
    if not _NAME.fullmatch(name):
        raise DataError(f"--name: {name!r}; letters, digits, and between these . _ - are taken")
    path = locate_exported(Path(model).expanduser())
    backend = _BACKENDS.get(path.suffix.lower())
    if backend is None:
        known = " and ".join(_BACKENDS)
        raise CheckpointError(f"{path}: Triton has no backend for {path.suffix or 'such files'}; give one of {known}")
    engine = open_engine(path)
    if not getattr(engine, "takes_bytes", True):
        raise CheckpointError(f"{path}: takes floats or a fixed batch; Triton batches by itself, give the usual form")
    folder = Path(repository).expanduser() / name
    config = _config(engine, name, backend)
    _require_same(folder, engine.spec, config)
    version = folder / str(1 + max(_versions(folder), default=0))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_with(version, lambda target: _copy(path, target, backend))
        write_text(folder / _LABELS, "".join(f"{text}\n" for text in engine.spec.class_names))
        write_text(folder / "config.pbtxt", config)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror})") from error
    return version


def _versions(folder: Path) -> Iterator[int]:
    """Yield the numbers of the versions that are there."""
    for inside in folder.glob("*"):
        if inside.is_dir() and inside.name.isdecimal():
            yield int(inside.name)


def _require_same(folder: Path, spec: ModelSpec, config: str) -> None:
    """Refuse a model of other classes, or by another backend, under a name that clients know."""
    labels, there = folder / _LABELS, folder / "config.pbtxt"
    if labels.is_file() and labels.read_text(encoding="utf-8").splitlines() != list(spec.class_names):
        raise DataError(f"{folder}: holds a model of other classes; give another --name")
    if there.is_file():
        older, newer = (_ports_of(text) for text in (there.read_text(encoding="utf-8"), config))
        if older != newer:
            raise DataError(f"{folder}: holds a model with other inputs, outputs or backend; give another --name")


def _ports_of(config: str) -> str:
    return config.partition("parameters")[0]


def _copy(path: Path, target: Path, backend: _Backend) -> None:
    target.mkdir()
    for name in backend.files:
        shutil.copyfile(path if path.is_file() else path / name, target / name)


def _config(engine: Engine, name: str, backend: _Backend) -> str:
    """Return a ModelConfig in protobuf's text format.

    Source: https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto
    """
    spec = engine.spec
    most = _BATCH if _takes(engine, 2) else 1
    blocks = [
        f'name: {_quoted(name)}\nbackend: "{backend.name}"\nmax_batch_size: {most}\n',
        _listed("input", [Port("images", "uint8", [spec.input.height, spec.input.width, 3])]),
        _listed("output", _outputs(engine)),
        f"dynamic_batching {{ max_queue_delay_microseconds: {_DELAY} }}\n" if most > 1 else "",
        f'parameters {{ key: "visionft.spec" value {{ string_value: {_quoted(spec.to_json())} }} }}\n',
    ]
    return "".join(blocks)


def _takes(engine: Engine, batch: int) -> bool:
    size = engine.spec.input
    try:
        engine.run(np.zeros((batch, size.height, size.width, 3), np.uint8))
    except CheckpointError:
        return False
    return True


def _outputs(engine: Engine) -> list[Port]:
    """Return the outputs with the lengths that the file gives them."""
    size = engine.spec.input
    results = engine.run(np.zeros((1, size.height, size.width, 3), np.uint8))
    outputs = TASKS[engine.spec.task].outputs
    shapes = [results[output.name].shape[1:] if output.name in results else () for output in outputs]
    return expected_outputs(engine.spec, shapes)


def _listed(kind: str, ports: Sequence[Port]) -> str:
    entries = []
    for port in ports:
        # no dims are allowed to be none: a scalar of each image is reshaped to it
        dims = f"dims: [ {', '.join(map(str, port.shape)) or 1} ]" + (
            " reshape { shape: [ ] }" if not port.shape else ""
        )
        labels = f' label_filename: "{_LABELS}"' if port.name == "probabilities" and len(port.shape) == 1 else ""
        entries.append(f'  {{ name: "{port.name}" data_type: {_TYPES[port.dtype]} {dims}{labels} }}')
    return f"{kind} [\n" + ",\n".join(entries) + "\n]\n"


def _quoted(text: str) -> str:
    """Return a string of protobuf's text format."""
    escaped = "".join(
        f"\\{byte:03o}" if byte < 32 or byte > 126 or byte in b'"\\' else chr(byte) for byte in text.encode("utf-8")
    )
    return f'"{escaped}"'
