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

ENGINES = Catalog("engine", {"onnx": "visionft.predict.runtimes.onnx_runtime:OnnxRuntimeEngine"}, "visionft.engines")
"""What runs a file, by what the file's name ends in, without the dot."""

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
    ending = (path.suffix if suffix is None else suffix).removeprefix(".").lower()
    name = _DEFAULT if suffix is None and ending not in ENGINES else ending
    engine: Engine = ENGINES[name](path, threads=threads, providers=providers)
    return engine


def find_exported(run: Path) -> Path:
    """Return the exported file in a run folder; where there are several, the one that an engine of ours opens.

    Raises:
        CheckpointError: there is none, or there are several that only engines of other packages open.
    """
    paths = exported_files(run)
    if not paths:
        names = " or ".join(f"{EXPORTED}.{ending}" for ending in ENGINES)
        raise CheckpointError(f"{run}: holds no {names}; export the run first: visionft export {run}")
    if len(paths) > 1:
        names = " and ".join(path.name for path in paths)
        raise CheckpointError(f"{run}: holds {names}; say which one is meant, such as {paths[0]}")
    return paths[0]


def exported_files(run: Path) -> list[Path]:
    """Return the exported files in a run folder: those that engines of ours open, else those of other packages."""
    found = {ending: path for ending in ENGINES if (path := run / f"{EXPORTED}.{ending}").is_file()}
    return [path for ending, path in found.items() if ending in ENGINES.shipped] or list(found.values())
