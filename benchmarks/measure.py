"""The method that all benchmarks share: interleaved repeats, medians with spread, and where they were measured."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from visionft.api.facts import environment
from visionft.checkpoint import write_json

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.rstrip()


# At the start, because a long benchmark outlives the state of a checkout that people work in.
_AT_START = {
    "date": datetime.now(UTC).isoformat(timespec="seconds"),
    "commit": _git("rev-parse", "HEAD"),
    "modified": _git("status", "--porcelain", "--", "visionft", "recipes", "benchmarks/*.py").splitlines(),
    "load_average": round(os.getloadavg()[0], 2),
}


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--smoke", action="store_true", help="does it run at all? tiny settings; keeps no result")
    return made


def interleave(
    actions: Mapping[str, Callable[[], object]], *, repeats: int, warmup: int = 1, pause: float = 0.0
) -> dict[str, list[float]]:
    """Time every action once per round, so that a machine that slows down or speeds up does so to all alike.

    Args:
        actions: what to compare; every other round takes them in reverse order.
        repeats: rounds that count.
        warmup: rounds before, which do not.
        pause: seconds of rest before each action, for thread pools that go on spinning after the one before.

    Returns:
        Wall-clock seconds of each counted round, by action.
    """
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for index in range(-warmup, repeats):
        for name in actions if index % 2 == 0 else reversed(list(actions)):
            time.sleep(pause)
            _wait_for_device()
            started = time.perf_counter()
            actions[name]()
            _wait_for_device()
            if index >= 0:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def _wait_for_device() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def spread(values: Iterable[float]) -> dict[str, Any]:
    """Return median, quartiles and the values themselves."""
    samples = list(values)
    low, median, high = statistics.quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else samples * 3
    return {"median": median, "quartiles": [low, high], "samples": samples}


def compare(title: str, seconds: Mapping[str, Sequence[float]], images: int, reference: str) -> dict[str, Any]:
    """Print and return how many images a second each action does, and how many times as fast as a reference it is.

    Args:
        title: of the table.
        seconds: what ``interleave`` returned.
        images: in one action.
        reference: one of the actions; each round is compared within itself.
    """
    found = {
        name: {
            "images_per_second": spread(images / value for value in values),
            "ratio": spread(theirs / ours for ours, theirs in zip(values, seconds[reference], strict=True)),
        }
        for name, values in seconds.items()
    }
    rows = [
        {
            "": name,
            "images/s": row["images_per_second"]["median"],
            "quartiles": " .. ".join(f"{value:.4g}" for value in row["images_per_second"]["quartiles"]),
            "ms/image": 1000 / row["images_per_second"]["median"],
            f"x {reference}": f"{row['ratio']['median']:.3f}",
        }
        for name, row in found.items()
    ]
    show(title, rows)
    return {"reference": reference, "actions": found}


def record(
    name: str, results: Any, *, settings: Mapping[str, Any], seeds: Sequence[int] = (), smoke: bool = False
) -> Path:
    """Write a result with everything that is needed to judge it.

    Args:
        name: of the file in ``benchmarks/results``; a smoke run's goes to the folder for temporary files.
        results: what was measured.
        settings: with what.
        seeds: that the numbers depend on.
        smoke: whether this was only a try.
    """
    folder = Path(tempfile.gettempdir()) if smoke else RESULTS
    folder.mkdir(exist_ok=True)
    path = folder / (f"visionft-smoke-{name}.json" if smoke else f"{name}.json")
    found = {
        "benchmark": f"python -m benchmarks.{' '.join([Path(sys.argv[0]).stem, *sys.argv[1:]])}",
        "at_start": _AT_START,
        "environment": environment(DEVICE),
        "seeds": list(seeds),
        "settings": dict(settings),
        "results": results,
    }
    write_json(path, found)
    print(f"\nwritten: {path if smoke else path.relative_to(ROOT)}", flush=True)
    return path


def show(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Print a small table."""
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    print(f"\n{title}")
    for line in cells:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip(), flush=True)


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def data_folder() -> Path:
    """Return the folder of the real data sets that some benchmarks need.

    Raises:
        SystemExit: when there is none.
    """
    folder = Path(os.environ.get("VISIONFT_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        raise SystemExit(f"{folder}: no such folder; set VISIONFT_DATA to the one that holds the data sets")
    return folder
