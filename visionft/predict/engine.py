"""Exported files, opened by whatever runs them.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from visionft.catalog import Catalog
from visionft.errors import CheckpointError
from visionft.results import Results
from visionft.spec import ModelSpec

ENGINES = Catalog(
    "engine",
    {
        "executorch": "visionft.predict.runtimes.isolated_engines:ExecutorchEngine",
        "litert": "visionft.predict.runtimes.isolated_engines:LitertEngine",
        "mnn": "visionft.predict.runtimes.isolated_engines:MnnEngine",
        "onnx": "visionft.predict.runtimes.onnx_runtime:OnnxRuntimeEngine",
        "openvino": "visionft.predict.runtimes.openvino_runtime:OpenVinoEngine",
        "pt2": "visionft.predict.runtimes.torch_program:TorchProgramEngine",
        "web": "visionft.predict.runtimes.web:WebEngine",
    },
    "visionft.engines",
)
"""What runs a file or folder, by what its name ends in, without the dot."""

EXPORTED = "model"
"""What an exported file is called in its run's folder, without the ending."""

_DEFAULT = "onnx"  # says of a file of any name that it is missing or none of ours


class Engine(Protocol):
    """An exported file that has been opened, and checked against its own spec.

    Its class takes a path and, by name, ``threads`` and ``providers``, see ``open_engine``; its ``kind`` is the ending.
    It runs in several threads at once, and can be pickled: it then opens its file again.
    """

    @property
    def spec(self) -> ModelSpec:
        """What the model is."""
        ...

    def run(self, images_BHW3: NDArray[np.uint8]) -> Results:
        """Run the network on canvases.

        Args:
            images_BHW3: uint8 RGB of the size that the spec names; any B >= 1.

        Returns:
            The outputs of the task's definition that do not follow from others, in their own types and shapes.

        Raises:
            DataError: the array is of another type or shape.
            CheckpointError: the file itself fails.
        """
        ...


@runtime_checkable
class HasEngine(Protocol):
    """Something that is no file and yet predicts, such as a network that has just been trained."""

    def engine(self) -> Engine:
        """Return what runs it; it keeps giving the same answers, whatever then happens to the network."""
        ...


def open_engine(
    path: Path, *, suffix: str | None = None, threads: int | None = None, providers: Sequence[str] | None = None
) -> Engine:
    """Open an exported file.

    Args:
        path: the file.
        suffix: what its name would end in, for a file that is called otherwise; None takes the name's own ending.
        threads: CPU threads for one run; None leaves the choice to the runtime.
        providers: what is to run it, in order of preference, in the runtime's words; None is the CPU, which is where
            the export was verified.

    Raises:
        CheckpointError: the file is missing, not one that visionft exported, or of a task that this version does not
            know.
        UnknownName: a provider that the runtime does not have, or a suffix that no engine opens.
    """
    ending = _ending(path) if suffix is None else suffix.removeprefix(".").lower()
    name = _DEFAULT if suffix is None and ending not in ENGINES else ending
    engine: Engine = ENGINES[name](path, threads=threads, providers=providers)
    return engine


def locate_exported(path: Path) -> Path:
    """Return what a path means: an exported file or folder, the folder around a runtime's own file, or a run's export.

    Raises:
        CheckpointError: it is a folder that holds nothing exported, or too much.
    """
    if path.is_dir() and not is_exported(path):
        return find_exported(path)
    inside = path.is_file() and not is_exported(path) and is_exported(path.parent)
    return path.parent if inside else path


def find_exported(run: Path) -> Path:
    """Return the exported file in a run folder; where there are several, the one for onnxruntime in float32.

    Raises:
        CheckpointError: there is none, or there are several and that is not among them.
    """
    paths = exported_files(run)
    if not paths:
        raise CheckpointError(f"{run}: holds no exported model; export the run first: visionft export {run}")
    usual = run / f"{EXPORTED}.{_DEFAULT}"
    if len(paths) > 1 and usual not in paths:
        names = " and ".join(path.name for path in paths)
        raise CheckpointError(f"{run}: holds {names}; say which one is meant, such as {paths[0]}")
    return usual if usual in paths else paths[0]


def exported_files(run: Path) -> list[Path]:
    """Return the exported files and folders in a run folder, by name."""
    return sorted(
        path
        for path in run.glob(f"{EXPORTED}*")
        if is_exported(path) and (path.stem == EXPORTED or path.stem.startswith(f"{EXPORTED}-"))
    )


def is_exported(path: Path) -> bool:
    """Return whether a file or folder is called like something that an engine opens."""
    return _ending(path) in ENGINES


def _ending(path: Path) -> str:
    return path.suffix.removeprefix(".").lower()
