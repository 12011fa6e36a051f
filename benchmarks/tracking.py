"""What tracking costs: the demo's second stage, shortened and on smaller canvases, without a tracker and with each.

python -m benchmarks.tracking [--repeats 3] [--steps 16] [--smoke]

Steps, validation and checkpoint are those of training, and every step is tracked. ``share`` is the time that training
waits for its tracker over the time it takes; ``ratio`` compares whole rounds, with what trackers do in threads and
processes of their own, and with the machine's noise. Opening and closing, once each, are told apart. All trackers
write to this machine, MLflow into a database that exists already.
"""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import measure
from visionft.assemble import Job, assemble, load_data
from visionft.checkpoint import RunFolder
from visionft.recipe import load_recipe
from visionft.tracking import TRACKERS
from visionft.tracking.base import TrackedRun, Tracker
from visionft.tracking.guard import GuardedTracker
from visionft.training import fit
from visionft.training.tracking import TrackerSink

STAGE = "{name: top, unfreeze: 8, steps: STEPS, head_lr: 2e-4, backbone_lr: 1e-4, norm: affine}"
PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow-skinny", "wandb": "wandb", "trackio": "trackio"}


@dataclass
class Spent:
    """Seconds that a run spends on its tracker."""

    opening: float = 0.0
    logging: float = 0.0
    closing: float = 0.0


class TimedTracker:
    """Stands before a tracker and counts the time it takes."""

    def __init__(self, make: Callable[[], Tracker], spent: Spent) -> None:
        started = time.perf_counter()
        self._tracker, self._spent = make(), spent
        spent.opening += time.perf_counter() - started

    def rewind(self, step: int) -> None:
        """Pass it on."""
        started = time.perf_counter()
        self._tracker.rewind(step)
        self._spent.opening += time.perf_counter() - started

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Pass it on."""
        started = time.perf_counter()
        self._tracker.log(values, step)
        self._spent.logging += time.perf_counter() - started

    def close(self) -> None:
        """Pass it on."""
        started = time.perf_counter()
        self._tracker.close(finished=True)
        self._spent.closing += time.perf_counter() - started


def build(steps: int) -> Job:
    recipe = load_recipe("solar_cells", ["input.size=128", f"stages=[{STAGE.replace('STEPS', str(steps))}]"])
    return assemble(recipe, load_data(recipe))


def training(job: Job, kind: str | None, folder: Path, rows: list[dict[str, float]]) -> Callable[[], None]:
    """Return an action that trains in a new run folder, and notes the seconds it took and those of its tracker."""

    def train() -> None:
        run = RunFolder.create(job.recipe, Path(tempfile.mkdtemp(dir=folder)) / "run")
        spent, sinks = Spent(), []
        timed: list[TimedTracker] = []
        if kind is not None:
            tracked = TrackedRun(run.path, job.recipe.model_dump(mode="json"))

            def make() -> Any:
                timed.append(TimedTracker(lambda: TRACKERS[kind](tracked, TRACKERS[kind].options()), spent))
                return timed[0]

            sinks.append(TrackerSink(GuardedTracker(kind, make, print)))
        started = time.perf_counter()
        fit(job, run, sinks)
        seconds = time.perf_counter() - started
        for tracker in timed:
            tracker.close()
        rows.append({"seconds": seconds, **vars(spent)})

    return train


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=16)
    args = parser.parse_args()
    repeats, steps = (1, 2) if args.smoke else (args.repeats, args.steps)
    job = build(steps)
    kinds = [None, "csv", *PACKAGES]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {
            "TRACKIO_DIR": str(folder / "trackio"),
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
            "WANDB_MODE": "offline",
        }
        rows: dict[str, list[dict[str, float]]] = {kind or "none": [] for kind in kinds}
        actions = {kind or "none": training(job, kind, folder, rows[kind or "none"]) for kind in kinds}
        measure.interleave(actions, repeats=repeats)
    counted = {kind: found[1:] for kind, found in rows.items()}
    results = {
        kind: {
            "seconds": measure.spread(row["seconds"] for row in found),
            "ratio": measure.spread(
                row["seconds"] / plain["seconds"] for row, plain in zip(found, counted["none"], strict=True)
            ),
            "share": measure.spread(row["logging"] / row["seconds"] for row in found),
            "opening_seconds": measure.spread(row["opening"] for row in found),
            "closing_seconds": measure.spread(row["closing"] for row in found),
        }
        for kind, found in counted.items()
    }
    table = [
        {"": kind, **{name: f"{value['median']:.4f}" for name, value in row.items()}} for kind, row in results.items()
    ]
    measure.show(f"{steps} steps of 16 images, validation, checkpoint", table)
    settings = {
        "recipe": "solar_cells",
        "input.size": 128,
        "stage": STAGE,
        "steps": steps,
        "repeats": repeats,
        "versions": {kind: version(package) for kind, package in PACKAGES.items()},
        "load_average_at_end": round(os.getloadavg()[0], 2),
    }
    measure.record("tracking", results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
