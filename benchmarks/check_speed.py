"""How long ``visionft check`` takes: where the network has to be built, and where it is known from a check before.

python -m benchmarks.check_speed [--against CHECKOUT] [--repeats 5] [--every 1] [--smoke]

Every sample is a fresh process with warm file caches, on layouts of tests/data/zoo as tools write them, one of each
task, and then on all of the zoo, one after the other, beginning with nothing known. CPU seconds are told as well, which
depend less on what else the machine does. Another checkout is run by its own .venv, in turns with this one.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import measure

LAYOUTS = {
    "classification": "classes.intel",
    "detection": "coco.roboflow",
    "segmentation": "masks.camvid",
}
TARGET = 3.0  # seconds


class Checkout:
    """A checkout whose command is run, and the CPU seconds that it took.

    Args:
        root: of the checkout.
        cache: where it keeps what it knows; None for a folder of its own each time.
    """

    def __init__(self, root: Path, cache: Path | None) -> None:
        own = root / ".venv" / "bin" / "python"
        self._python, self._root, self._cache = str(own) if own.is_file() else sys.executable, root, cache
        self.cpu: list[float] = []

    def check(self, data: Path) -> None:
        """Check data in a fresh process; finding something wrong with them is no failure."""
        with tempfile.TemporaryDirectory() as fresh:
            settings = {"PYTHONPATH": str(self._root), "VISIONFT_CACHE": str(self._cache or fresh)}
            before = _children()
            command = [self._python, "-m", "visionft", "check", str(data)]
            done = subprocess.run(command, env=os.environ | settings, cwd=self._root, capture_output=True, check=False)
            if done.returncode not in (0, 2) or done.stderr:
                raise SystemExit(f"{data}: {done.stderr.decode(errors='replace')}")
            self.cpu.append(_children() - before)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write_zoo(folder: Path) -> dict[str, Path]:
    """Write every layout and return what a user would name, by the layout's name."""
    layouts: dict[str, Any] = import_module("tests.data.zoo.test_zoo").LAYOUTS
    named = {}
    for name, layout in sorted(layouts.items()):
        (folder / name).mkdir()
        layout.write(folder / name)
        named[name] = folder / name / layout.given
    return named


def of_each_task(zoo: dict[str, Path], cache: Path, against: Path | None, repeats: int) -> dict[str, Any]:
    """Return the seconds of a layout of each task, with nothing known and with the network known."""
    found: dict[str, Any] = {}
    for task, name in LAYOUTS.items():
        sides = {"first": Checkout(measure.ROOT, None), "again": Checkout(measure.ROOT, cache)}
        if against is not None:
            sides["before"] = Checkout(against.resolve(), None)
        actions: dict[str, Callable[[], object]] = {side: partial(one.check, zoo[name]) for side, one in sides.items()}
        sides["again"].check(zoo[name])
        seconds = measure.interleave(actions, repeats=repeats, warmup=0)
        found[task] = {
            side: {"seconds": measure.spread(seconds[side]), "cpu_seconds": measure.spread(one.cpu[-repeats:])}
            for side, one in sides.items()
        }
        rows = [
            {"": side, "seconds": row["seconds"]["median"], "of the CPU": row["cpu_seconds"]["median"]}
            for side, row in found[task].items()
        ]
        measure.show(f"{task}: {name}", rows)
    return found


def all_of_it(zoo: dict[str, Path], cache: Path) -> dict[str, Any]:
    """Return the seconds of every layout, one after the other, beginning with nothing known."""
    checkout, seconds = Checkout(measure.ROOT, cache), {}
    for name, data in zoo.items():
        started = time.perf_counter()
        checkout.check(data)
        seconds[name] = time.perf_counter() - started
    slow = {name: value for name, value in seconds.items() if value > TARGET}
    measure.show(
        f"all {len(seconds)} layouts",
        [{"": "median", **_numbers(seconds)}, {"": f"over {TARGET:g} s", **_numbers(slow)}],
    )
    return {"seconds": seconds, "cpu_seconds": dict(zip(seconds, checkout.cpu, strict=True)), "slow": sorted(slow)}


def _numbers(seconds: dict[str, float]) -> dict[str, object]:
    spread = measure.spread(seconds.values()) if seconds else {"median": 0.0}
    return {"layouts": len(seconds), "seconds": spread["median"], "slowest": max(seconds.values(), default=0.0)}


def main() -> None:
    parser: argparse.ArgumentParser = measure.parser(__doc__)
    parser.add_argument("--against", type=Path, help="root of another checkout, such as one of a commit before")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of the zoo, take each Nth layout only")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "zoo").mkdir()
        zoo = write_zoo(Path(scratch) / "zoo")
        some = {name: zoo[name] for name in LAYOUTS.values()}
        repeats = 1 if args.smoke else args.repeats
        results = {
            "tasks": of_each_task(some, Path(scratch) / "known", args.against, repeats),
            "zoo": all_of_it(some if args.smoke else dict([*zoo.items()][:: args.every]), Path(scratch) / "zoo_known"),
        }
    settings = {"repeats": repeats, "layouts": LAYOUTS, "every": args.every, "against": _commit(args.against)}
    measure.record("check_speed", results, settings=settings, smoke=args.smoke)


def _commit(root: Path | None) -> str | None:
    if root is None:
        return None
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
