"""What engines have in common whose files hold no description of themselves as good as ONNX's.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.cores import is_limited, usable_cores
from visionft.errors import CheckpointError, UnknownName
from visionft.predict.checks import check_canvases, check_spec, expected_outputs
from visionft.results import Results
from visionft.spec import ModelSpec
from visionft.tasks import TASKS

SPEC_FILE = "spec.json"
"""What the ModelSpec is called beside a runtime's own files, in the folder that is exported."""


class FileEngine(ABC):
    """An exported file, or folder, that has been opened; a blank canvas shows whether it is what its spec says.

    Args:
        path: what was exported; or, of a folder, a file in it.
        threads: CPU threads for one run; None leaves the choice to the runtime, unless this process may use fewer than
            the machine has.
        providers: the runtime's devices in order of preference; None is the CPU, which is where the export was
            verified.

    Attributes:
        kind: the ending that it opens.
        runtime: what it is called in messages.
        fails: what the runtime raises for a file that it cannot load or run.

    Raises:
        CheckpointError: the file is missing, damaged, not one that visionft exported, or of a task that this version
            does not know.
        UnknownName: a device that there is not.
    """

    kind: ClassVar[str]
    runtime: ClassVar[str]
    fails: ClassVar[tuple[type[Exception], ...]] = (RuntimeError,)

    def __init__(self, path: Path, *, threads: int | None = None, providers: Sequence[str] | None = None) -> None:
        self._path = path
        # what opens it again, from whatever folder
        self._opener = partial(type(self), path.absolute(), threads=threads, providers=providers)
        self.spec = self._read_spec()
        check_spec(path, self.spec)
        self._outputs = [output for output in TASKS[self.spec.task].outputs if not output.derived]
        self.names = [output.name for output in self._outputs]
        if threads is None and is_limited():
            threads = usable_cores()
        try:
            self.load(threads, list(providers or ()))
        except self.fails as error:
            raise CheckpointError(
                f"{path}: {self.runtime} cannot load it ({_first_line(error)}); export it again"
            ) from error
        self._check_graph()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[()]]:
        return self._opener, ()

    @abstractmethod
    def spec_text(self) -> str | None:
        """Return the JSON of the file's spec; None where it has none.

        Raises:
            OSError: it cannot be read.
        """

    @abstractmethod
    def load(self, threads: int | None, providers: Sequence[str]) -> None:
        """Load the file; what is raised that is one of ``fails`` means that it is damaged."""

    @abstractmethod
    def infer(self, images_BHW3: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        """Return the outputs ``names`` of canvases, in order; any number of threads may call this at once."""

    def run(self, images_BHW3: NDArray[np.uint8]) -> Results:
        """Run the network on canvases; see ``Engine.run``."""
        check_canvases(images_BHW3, self.spec)
        try:
            found = self.infer(np.ascontiguousarray(images_BHW3))
        except self.fails as error:
            raise CheckpointError(
                f"{self._path}: {self.runtime} fails on a batch of {len(images_BHW3)} ({_first_line(error)})"
            ) from error
        # runtimes of small devices have no int64
        return {
            output.name: values.astype(output.dtype, copy=False) if values.dtype.kind in "iu" else values
            for output, values in zip(self._outputs, found, strict=True)
        }

    def _read_spec(self) -> ModelSpec:
        if not self._path.exists():
            raise CheckpointError(f"{self._path}: no such file; an exported model (.{self.kind}) is needed")
        try:
            text = self.spec_text()
        except (OSError, UnicodeDecodeError) as error:
            raise CheckpointError(f"{self._path}: cannot be read ({_first_line(error)}); export it again") from error
        if text is None:
            raise CheckpointError(
                f"{self._path}: says nothing of its task and classes; write it with 'visionft export'"
            )
        try:
            return ModelSpec.from_json(text)
        except CheckpointError as error:
            raise CheckpointError(f"{self._path}: {error}") from error

    def _check_graph(self) -> None:
        """Refuse a graph whose outputs are not those that its spec describes."""
        size = self.spec.input
        results = self.run(np.zeros((1, size.height, size.width, 3), np.uint8))
        found = [(name, str(values.dtype), list(values.shape[1:])) for name, values in results.items()]
        ports = expected_outputs(self.spec, [values.shape[1:] for values in results.values()])
        expected = [(port.name, port.dtype, port.shape) for port in ports if port.name in results]
        if found != expected:
            raise CheckpointError(f"{self._path}: the graph gives {found}, its spec says {expected}; export it again")


class FolderEngine(FileEngine):
    """An exported folder: a runtime's own files, and the spec beside them.

    Attributes:
        files: the names of the runtime's files.
    """

    files: ClassVar[tuple[str, ...]]

    @property
    def folder(self) -> Path:
        """The folder, whether it was named or a file in it."""
        return self._path if self._path.is_dir() else self._path.parent

    def spec_text(self) -> str | None:
        """Return the JSON of ``spec.json``."""
        if missing := [name for name in (*self.files, SPEC_FILE) if not (self.folder / name).is_file()]:
            raise CheckpointError(
                f"{self._path}: holds no {' and no '.join(missing)}; an exported model is a folder with "
                f"{', '.join((*self.files, SPEC_FILE))}; copy all of it, or export it again"
            )
        return (self.folder / SPEC_FILE).read_text(encoding="utf-8")


def require_cpu(providers: Sequence[str]) -> None:
    """Check what was asked of a runtime that runs on the CPU alone.

    Raises:
        UnknownName: another device was named.
    """
    for provider in providers:
        if provider.upper() != "CPU":
            raise UnknownName("device", provider, ["CPU"])


@contextmanager
def silence() -> Iterator[None]:
    """Keep what a library prints by itself, in C, off the user's terminal; errors are raised as well."""
    sys.stdout.flush()
    kept = [(stream, os.dup(stream)) for stream in (1, 2)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream, _ in kept:
            os.dup2(nothing, stream)
        yield
    finally:
        for stream, copy in kept:
            os.dup2(copy, stream)
            os.close(copy)
        os.close(nothing)


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
