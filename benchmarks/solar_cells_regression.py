"""Is a solar cell's defect probability better learned as a class or as a number?

python -m benchmarks.solar_cells_regression [--seeds 0 1 2] [--smoke]

Both views of elpv's 2,624 cells, on the same splits, with the same frozen ImageNet backbone and a linear head on its
features: the classes functional and defective (a probability of at least 0.5), and the probability itself, with each
loss. Numbers are made classes at 0.5, and ranked as they are. Each run is the real command line in a fresh process.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure
from visionft import Predictor
from visionft.api import open_run
from visionft.data.formats.elpv import read_cells
from visionft.metrics.scores import Floats, weighted_auroc
from visionft.tasks.regression.metrics import quick_metrics

HEAD = "stages=[{name: head, unfreeze: none, augment: none, epochs: 30, head_lr: 5e-3}]"
NUMBER = ("task.kind=regression", "data.format=elpv_probability")
VIEWS = {
    "class": (),
    "number, mse": (*NUMBER, "task.loss=mse"),
    "number, l1": (*NUMBER, "task.loss=l1"),
    "number, huber": (*NUMBER, "task.loss=huber"),
}
SCORES = ("accuracy", "balanced_accuracy", "auroc", "spearman", "mae", "rmse", "r2")
SMOKE = ("input.size=64", "stages.head.epochs=1", "evaluate.bootstrap=20")


def run(overrides: Sequence[str]) -> dict[str, Any]:
    """Train, evaluate and export once; return the file's answers on the test cells as scores of both views."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        settings = chain.from_iterable(("--set", text) for text in overrides)
        command = [sys.executable, "-m", "visionft", "train", "solar_cells", *settings, "--out", str(folder), "--json"]
        started = time.time()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=measure.ROOT)
        seconds = time.time() - started
        summary = json.loads(done.stdout)
        test = open_run(folder).samples("test")
        images = [sample.image for sample in test]
        predictions = Predictor(folder / "model.onnx")(images)
        predicted_N = np.array([_probability(one.to_dict()) for one in predictions])
        probability = {cell.file: cell.probability for cell in read_cells(None)}
        return {
            **scores(predicted_N, np.array([probability[sample.id] for sample in test])),
            "metrics": summary["metrics"],
            "parity": json.loads((folder / "model.onnx.parity.json").read_text()),
            "seconds_process": seconds,
            "overrides": list(overrides),
        }


def _probability(prediction: dict[str, Any]) -> float:
    """Return the probability of a defect, of which a number may lie beyond 0 and 1."""
    if "probabilities" in prediction:
        return float(prediction["probabilities"]["defective"])
    return float(prediction["values"]["defect probability"])


def scores(predicted_N: Floats, true_N: Floats) -> dict[str, float]:
    """Return how well defective cells (of at least 0.5) are told from others, and how well the number is predicted."""
    defective_N, found_N = true_N >= 0.5, predicted_N >= 0.5
    recalls = [float((found_N == defective_N)[defective_N == one].mean()) for one in (True, False)]
    return {
        "accuracy": float((found_N == defective_N).mean()),
        "balanced_accuracy": statistics.mean(recalls),
        "auroc": float(weighted_auroc(predicted_N, defective_N, np.ones((len(true_N), 1)))[0]),
        **quick_metrics(predicted_N[:, None], true_N[:, None]),
    }


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    seeds = args.seeds[:1] if args.smoke else args.seeds
    runs: dict[str, list[dict[str, Any]]] = {view: [] for view in VIEWS}
    for number, seed in enumerate(seeds, start=1):
        for view, overrides in VIEWS.items():
            runs[view].append(run((f"seed={seed}", HEAD, *overrides, *(SMOKE if args.smoke else ()))))
        summary = {view: summarise(rows) for view, rows in runs.items()}
        rows = [{"view": view, **{name: _cell(found[name]) for name in SCORES}} for view, found in summary.items()]
        measure.show(f"solar cells, test split, frozen features, {number} of {len(seeds)} seeds", rows)
        settings = {"recipe": "solar_cells", "head": HEAD, "views": VIEWS}
        results = {"summary": summary, "runs": runs}
        # after every seed, so that an interrupted benchmark keeps what it has
        measure.record("solar_cells_regression", results, settings=settings, seeds=seeds[:number], smoke=args.smoke)


def summarise(runs: Sequence[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Return mean and standard deviation over the seeds."""
    columns = {name: [float(row[name]) for row in runs] for name in SCORES}
    return {
        name: {"mean": statistics.mean(values), "sd": statistics.stdev(values) if len(values) > 1 else None}
        for name, values in columns.items()
    }


def _cell(found: dict[str, float | None]) -> str:
    sd = "" if found["sd"] is None else f" ± {found['sd']:.3f}"
    return f"{found['mean']:.3f}{sd}"


if __name__ == "__main__":
    main()
