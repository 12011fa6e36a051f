"""Exported files measured in turn, each in a process of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from visionft.bench.machine import machine
from visionft.bench.result import BenchResult, BenchRow
from visionft.errors import CheckpointError, DataError
from visionft.predict.engine import exported_files, is_exported, locate_exported

_ROUND = 0.4  # seconds of runs in a round, of each file with each setting
_REST = 0.1  # threads of some runtimes spin on for a while after a run


@dataclass(slots=True)
class _Case:
    """A file with some threads, in its process, and what was measured of it for each size of batches."""

    model: Path
    threads: int | None
    process: "subprocess.Popen[str]"
    opened: Mapping[str, Any] = field(default_factory=dict)
    seconds: dict[int, list[float]] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    peak_bytes: int | None = None

    def ask(self, batch: int, seconds: float) -> list[float]:
        """Return how long runs took; nothing where they fail."""
        if self.problems.get(batch):
            return []
        try:
            _stdin(self.process).write(json.dumps([batch, seconds]) + "\n")
            _stdin(self.process).flush()
        except BrokenPipeError:
            pass  # it has no answer either
        answer = self.answer()
        self.problems[batch] = answer.get("problem", "")
        self.peak_bytes = answer.get("peak_bytes", self.peak_bytes)
        taken: list[float] = answer.get("seconds", [])
        return taken

    def answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        return {"problem": f"{self.model}: its process ended with code {self.process.wait()}; it may lack memory"}


def _stdin(process: "subprocess.Popen[str]") -> Any:
    return process.stdin


def bench(
    models: Sequence[str | Path],
    *,
    batches: Sequence[int] = (1, 16),
    threads: Sequence[int | None] = (None,),
    rounds: int = 10,
    on_round: Callable[[int], None] | None = None,
) -> BenchResult:
    """Measure how fast exported files are.

    All files take turns in every round, so that a machine that slows down does so to all alike. Each is opened in a
    process of its own for each number of threads. The first round warms up, and does not count.

    Args:
        models: exported files, or run folders, of which all exported files are meant.
        batches: images of a run, each >= 1.
        threads: CPU threads of a run, each >= 1; None is the runtime's own choice.
        rounds: that count, >= 1. ``KeyboardInterrupt`` ends the measurement after those that are complete.
        on_round: called with the number of complete rounds.

    Raises:
        CheckpointError: a model is not there, or a folder holds none.
        DataError: a number is not allowed.
    """
    for name, numbers in (("batches", batches), ("threads", threads), ("rounds", (rounds,))):
        if not numbers or any(number is not None and number < 1 for number in numbers):
            raise DataError(f"{name}: {', '.join(map(str, numbers)) or 'none'}; numbers from 1 are needed")
    files = [file for model in models for file in files_of(Path(model).expanduser())]
    done = 0
    with ExitStack() as running:
        cases = [_started(running, file, count) for file in files for count in threads]
        try:
            for case in cases:
                case.opened = case.answer()
            alive = [case for case in cases if "problem" not in case.opened]
            for number in range(-1, rounds):
                taken = _round(alive, batches, number)
                if number < 0:
                    continue
                for case, batch, seconds in taken:
                    case.seconds.setdefault(batch, []).extend(seconds)
                done = number + 1
                if on_round is not None:
                    on_round(done)
        except KeyboardInterrupt:
            if not done:
                raise
    rows = tuple(_row(case, batch) for case in cases for batch in batches)
    return BenchResult(rows, machine(), done, rounds)


def files_of(model: Path) -> list[Path]:
    """Return the exported files that a path means: all of a run folder."""
    if model.is_dir() and not is_exported(model) and (found := exported_files(model)):
        return found
    found_one = locate_exported(model)
    if not found_one.exists():
        raise CheckpointError(f"{model}: no such file or folder; give exported files or run folders")
    return [found_one]


def _started(running: ExitStack, model: Path, threads: int | None) -> _Case:
    process = subprocess.Popen(  # noqa: S603  # this Python, this package
        [sys.executable, "-m", "visionft.bench.worker", str(model.absolute()), str(threads or 0)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C is ours to handle
    )
    running.enter_context(process)
    running.callback(process.kill)
    return _Case(model, threads, process)


def _round(cases: Sequence[_Case], batches: Sequence[int], number: int) -> list[tuple[_Case, int, list[float]]]:
    """Let each case run once with each size of batches, every other round in reverse order."""
    turns = [(case, batch) for batch in batches for case in cases]
    taken = []
    for case, batch in turns if number % 2 else reversed(turns):
        time.sleep(_REST)
        taken.append((case, batch, case.ask(batch, _ROUND)))
    return taken


def _row(case: _Case, batch: int) -> BenchRow:
    problem = case.opened.get("problem") or case.problems.get(batch, "")
    row = BenchRow(
        str(case.model),
        case.opened.get("runtime", case.model.suffix.removeprefix(".")),
        case.threads,
        batch,
        loading_seconds=round(case.opened.get("loading_seconds", 0.0), 4),
        size_bytes=_size(case.model),
        peak_bytes=case.peak_bytes,
        problem=problem,
    )
    return row if problem else replace(row, seconds=tuple(case.seconds.get(batch, ())))


def _size(path: Path) -> int:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)
