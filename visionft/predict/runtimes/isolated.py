"""Runtimes that are run by another Python, since no environment holds all of them.

Files and numbers go there, never code: what runs there is one of our own scripts, and arrays travel as bytes.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

import os
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from visionft.errors import CheckpointError

RUN_SCRIPT = Path(__file__).with_name("run_isolated.py")

VARIABLE = "VISIONFT_PYTHON"
"""Names a Python that has what this one lacks, for whoever opens a file that only it can run."""

_PYTHON: ContextVar[Path | str | None] = ContextVar("python", default=None)


@contextmanager
def using_python(python: Path | str | None) -> Iterator[None]:
    """Let another Python do what this one has no package for, for as long as the block lasts.

    Args:
        python: its executable; None for what the variable names, if it does.
    """
    token = _PYTHON.set(python)
    try:
        yield
    finally:
        _PYTHON.reset(token)


def python_with(package: str, install: str, purpose: str) -> str:
    """Return the Python that has a package: this one, else the one that was named.

    Args:
        package: as it is imported.
        install: what pip installs.
        purpose: what it is for.

    Raises:
        CheckpointError: neither has it; the message says how to make one that does.
    """
    if find_spec(package) is not None:
        return sys.executable
    named = _PYTHON.get() or os.environ.get(VARIABLE)
    advice = f"python -m venv other && other/bin/pip install {install}, then --python other/bin/python or {VARIABLE}"
    if named is None:
        raise CheckpointError(f"{purpose} needs the package {package}, best in an environment of its own: {advice}")
    found = _run([str(named), "-c", f"import {package}"])
    if found is None or found.returncode:
        said = "there is no such program" if found is None else (found.stderr.strip().splitlines() or ["it fails"])[-1]
        raise CheckpointError(f"{named}: has no {package} ({said}); {advice}")
    return str(named)


def run_script(python: str, script: Path, *arguments: str) -> str | None:
    """Run one of our scripts.

    Returns:
        None, or the last lines of what it said where it failed.
    """
    done = _run([python, str(script), *arguments])
    if done is None:
        return f"{python}: there is no such program"
    if not done.returncode:
        return None
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return lines[-1] if lines else f"it ends with {done.returncode}"


def _run(command: list[str]) -> "subprocess.CompletedProcess[str] | None":
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    except OSError:
        return None


class ScriptProcess:
    """A model that another process runs, for one caller at a time.

    Args:
        python: what runs it.
        arguments: of ``run_isolated.py``, but the last.
        outputs: the names of those that are asked for.

    Raises:
        RuntimeError: the model cannot be loaded; the message is what was said last.
    """

    def __init__(self, python: str, *arguments: str, outputs: Sequence[str]) -> None:
        self._outputs = len(outputs)
        self._lock = Lock()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # a pipe that nobody reads would fill
        command = [python, str(RUN_SCRIPT), *arguments, ",".join(outputs)]
        self._process = subprocess.Popen(  # noqa: S603  # our script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said
        )
        weakref.finalize(self, _end, self._process, self._said)
        if self._stdout.readline() != b"ready\n":
            raise RuntimeError(self._last_words())

    def __call__(self, images_BHW3: NDArray[np.uint8]) -> list[NDArray[Any]]:
        """Return the outputs.

        Raises:
            RuntimeError: the model cannot be run; the process has ended.
        """
        with self._lock:
            try:
                self._stdin.write(" ".join(map(str, images_BHW3.shape)).encode() + b"\n")
                self._stdin.write(images_BHW3.tobytes())
                self._stdin.flush()
                return [self._receive() for _ in range(self._outputs)]
            except (OSError, ValueError) as error:
                raise RuntimeError(self._last_words()) from error

    @property
    def _stdin(self) -> "IO[bytes]":
        return cast("IO[bytes]", self._process.stdin)

    @property
    def _stdout(self) -> "IO[bytes]":
        return cast("IO[bytes]", self._process.stdout)

    def _receive(self) -> NDArray[Any]:
        kind, *lengths = self._stdout.readline().decode().split() or [""]
        if not kind:
            raise ValueError("its process has ended")
        shape, dtype = tuple(map(int, lengths)), np.dtype(kind)
        content = self._stdout.read(int(np.prod(shape)) * dtype.itemsize)
        return np.frombuffer(content, dtype).reshape(shape).copy()

    def _last_words(self) -> str:
        self._process.kill()
        self._process.wait()
        self._said.seek(0)
        lines = [line for line in self._said.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else f"its process ended with {self._process.returncode}"


def _end(process: "subprocess.Popen[bytes]", said: "IO[bytes]") -> None:
    process.kill()
    process.wait()
    for file in (process.stdin, process.stdout, said):
        if file is not None:
            with suppress(OSError):  # what could not be sent any more
                file.close()
