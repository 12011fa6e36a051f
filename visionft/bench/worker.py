"""A process that opens one exported file and times its runs, when it is told to.

    python -m visionft.bench.worker FILE THREADS

Lines of JSON: it says what it has opened, then for each ``[batch, seconds]`` how long each run took, and how much
memory it has held at most.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from visionft.errors import VisionftError
from visionft.predict.engine import Engine, open_engine
from visionft.spec import InputSpec

_LEAST = 3  # runs, however long they take


def main() -> None:
    """Serve requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    path, threads = Path(sys.argv[1]), int(sys.argv[2])
    started = time.perf_counter()
    try:
        engine = open_engine(path, threads=threads or None)
    except VisionftError as error:
        _answer(answers, {"problem": str(error)})
        return
    loading = time.perf_counter() - started
    _answer(answers, {"runtime": type(engine).kind, "loading_seconds": loading})  # type: ignore[attr-defined]
    for line in sys.stdin:
        batch, seconds = json.loads(line)
        _answer(answers, _timed(engine, batch, seconds))


def _answer(answers: TextIO, data: Mapping[str, Any]) -> None:
    answers.write(json.dumps(data) + "\n")


def _timed(engine: Engine, batch: int, seconds: float) -> dict[str, Any]:
    """Run batches for some time, at least a few; return the seconds of each, and the most memory held so far."""
    canvases_BHW3 = _pictures(engine.spec.input, batch)
    taken: list[float] = []
    try:
        until = time.perf_counter() + seconds
        while len(taken) < _LEAST or time.perf_counter() < until:
            started = time.perf_counter()
            engine.run(canvases_BHW3)
            taken.append(time.perf_counter() - started)
    except VisionftError as error:
        return {"problem": str(error)}
    return {"seconds": taken, "peak_bytes": _peak()}


def _pictures(spec: InputSpec, batch: int) -> NDArray[np.uint8]:
    """Return canvases of patches of colour, the same in every process."""
    generator = np.random.default_rng(0)
    patches_Bhw3 = generator.integers(0, 256, (batch, -(-spec.height // 16), -(-spec.width // 16), 3), dtype=np.uint8)
    grown_BHW3 = patches_Bhw3.repeat(16, axis=1).repeat(16, axis=2)
    return np.ascontiguousarray(grown_BHW3[:, : spec.height, : spec.width])


def _peak() -> int | None:
    """Return the most memory that this process has held, in bytes; getrusage may tell its parent's on Linux."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ModuleNotFoundError:  # Windows has none
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    main()
