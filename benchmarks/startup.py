"""How long until something happens: ``--help``, ``import visionft``, and a run's way to its first training batch.

python -m benchmarks.startup [--repeats 5] [--smoke]

Every sample is a fresh process with warm file caches. The way to the first batch in the network is the demo's recipe
on a few made pictures, and is set against ``import torch, timm``, which nobody can avoid.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import measure

# Ends when the first batch enters the network, without Python's own tidying up, so that both processes end alike.
IMPORTS = "import os, torch, timm; os._exit(0)"
FIRST_BATCH = """
import json, os, sys, time
started, recipe, *overrides = sys.argv[1:]
marks = []
def mark(name):
    marks.append((name, time.time() - float(started)))
import torch, timm
mark("import torch, timm")
from visionft.api import training
from visionft.autotune import planning
from visionft.models.network import TaskNetwork
mark("import visionft.api")
measure_stages = planning.measure_stages
def timed(job, **options):
    mark("network built")
    times = measure_stages(job, **options)
    mark("time estimated")
    return times
planning.measure_stages = timed
def sink(event):
    name = type(event).__name__
    if name == "Working" and event.done == event.total:
        mark("recipe and data read")
    elif name == "StageStarted":
        mark("stage begun")
        TaskNetwork.features = stop
def stop(*args, **kwargs):
    mark("first batch loaded")
    print(json.dumps(marks), flush=True)
    os._exit(0)
training.train(recipe, overrides=overrides[1:], out=overrides[0], sinks=[sink], progress=False)
"""


def python(*arguments: str) -> str:
    """Run a fresh Python in the checkout and return what it prints."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=measure.ROOT).stdout


def make_pictures(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for label in ("one", "two"):
        (folder / label).mkdir(parents=True)
        for number in range(40):
            cv2.imwrite(str(folder / label / f"{number:02}.png"), rng.integers(0, 255, (96, 96, 3), np.uint8))


def first_batch(pictures: Path, phases: dict[str, list[float]]) -> Callable[[], None]:
    """Return an action that starts a run, stops it at its first batch, and notes the seconds of each phase."""
    overrides = ["data.format=folder", f"data.path={pictures}", "data.val_fraction=0.2", "data.test_fraction=0.2"]

    def start() -> None:
        with tempfile.TemporaryDirectory() as folder:
            out = str(Path(folder) / "run")
            marks = json.loads(python("-c", FIRST_BATCH, str(time.time()), "solar_cells", out, *overrides))
        before = 0.0
        for name, at in marks:
            phases.setdefault(name, []).append(at - before)
            before = at

    return start


def import_costs() -> dict[str, float]:
    """Return the milliseconds of each top-level package that a run imports and ``import torch, timm`` does not."""
    base = _import_times("import torch, timm")
    ours = _import_times(
        "import torch, timm; from visionft.api.training import train; from visionft.augment import Augmenter; "
        "Augmenter('light', 'any')"
    )
    costs: Counter[str] = Counter()
    for module in ours.keys() - base.keys():
        costs[module.partition(".")[0]] += ours[module]
    return {name: round(cost / 1000, 1) for name, cost in costs.most_common(12)}


def _import_times(code: str) -> dict[str, int]:
    command = [sys.executable, "-X", "importtime", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=measure.ROOT)
    found = re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", done.stderr, re.MULTILINE)
    return {module: int(microseconds) for microseconds, module in found}


def report(seconds: dict[str, list[float]], phases: dict[str, list[float]]) -> dict[str, Any]:
    """Print and return the medians, and what is ours beyond the imports, round by round."""
    beyond = [full - base for full, base in zip(seconds["first batch"], seconds["import torch, timm"], strict=True)]
    rows = {
        name: measure.spread(values) for name, values in (seconds | {"first batch, beyond imports": beyond}).items()
    }
    measure.show("seconds, fresh processes", [{"": name, "median": row["median"]} for name, row in rows.items()])
    medians = {name: statistics.median(values[1:] or values) for name, values in phases.items()}
    measure.show("on the way to the first batch", [{"": name, "seconds": value} for name, value in medians.items()])
    costs = import_costs()
    measure.show("imported beyond torch and timm", [{"": name, "ms": cost} for name, cost in costs.items()])
    return {"seconds": rows, "phases": medians, "import_milliseconds": costs}


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    repeats = 1 if args.smoke else args.repeats
    phases: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "pictures"
        make_pictures(pictures)
        actions = {
            "python": lambda: python("-c", "pass"),
            "import visionft": lambda: python("-c", "import visionft"),
            "visionft --help": lambda: python("-m", "visionft", "--help"),
            "import torch, timm": lambda: python("-c", IMPORTS),
            "first batch": first_batch(pictures, phases),
        }
        seconds = measure.interleave(actions, repeats=repeats)
    results = report(seconds, phases)
    settings = {"repeats": repeats, "recipe": "solar_cells", "images": 80}
    measure.record("startup", results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
