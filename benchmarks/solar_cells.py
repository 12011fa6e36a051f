"""How good is the demo's model after how many minutes, and what do the same minutes give from scratch?

python -m benchmarks.solar_cells [--seeds 0 1 2] [--only pretrained|scratch --budget SECONDS] [--smoke]

Each run is the real command line in a fresh process. The split is fixed (by content hash): seeds change the head's
start, order, augmentation and dropout. The scratch run trains for the seconds that the pretrained one of the same
seed trained; its length in epochs, which its cosine schedule follows, comes from one timed epoch.
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

from benchmarks import measure

SCRATCH = "benchmarks/solar_cells_scratch.yaml"
MEASURED = ("accuracy", "auroc", "balanced_accuracy", "seconds_to_model", "seconds_process", "seconds_training")
SMOKE = ("input.size=64", "evaluate.bootstrap=20")


def run(recipe: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Train, evaluate, export and report once; return what came out and when."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        settings = chain.from_iterable(("--set", text) for text in overrides)
        command = [sys.executable, "-m", "visionft", "train", recipe, *settings, "--out", str(folder), "--json"]
        started = time.time()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=measure.ROOT)
        seconds = time.time() - started
        summary = json.loads(done.stdout)
        info = json.loads((folder / "run.json").read_text())
        parity_file = folder / "model.onnx.parity.json"  # written as soon as the verified file has got its name
        return {
            "seconds_process": seconds,
            "seconds_to_model": parity_file.stat().st_mtime - started,
            "seconds_to_unverified_model": (folder / "model.onnx").stat().st_mtime - started,
            "seconds_training": sum(stage["seconds"] for stage in summary["stages"]),
            **{name: summary["metrics"][name] for name in ("accuracy", "auroc", "balanced_accuracy", "intervals")},
            "test_images": summary["metrics"]["n"],
            "always_commonest": _largest_share(summary["metrics"]),
            "parity": json.loads(parity_file.read_text()),
            "model_bytes": (folder / "model.onnx").stat().st_size,
            "overrides": list(overrides),
            "history": info["history"],
            "stages": summary["stages"],
            "weights": info["weights"],
            "data_sha256": info["data"]["sha256"],
        }


def _largest_share(metrics: dict[str, Any]) -> float:
    return float(max(row["support"] for row in metrics["per_class"].values()) / metrics["n"])


def seconds_per_scratch_epoch(smoke: bool) -> float:
    """Time the second of two epochs with its validation; the first one also reads the files."""
    if smoke:
        share = 0.05
        return float(run(SCRATCH, [f"stages.all.epochs={share}", *SMOKE])["seconds_training"]) / share
    first, second = (row["seconds"] for row in run(SCRATCH, ["stages.all.epochs=2"])["history"])
    return float(second - first)


def pretrained(seed: int, smoke: bool) -> dict[str, Any]:
    short = ("stages.head.epochs=0.05", "stages.top.epochs=0.05", *SMOKE) if smoke else ()
    return run("solar_cells", [f"seed={seed}", *short])


def scratch(seed: int, budget: float, epoch_seconds: float, smoke: bool) -> dict[str, Any]:
    length = (f"stages.all.epochs={budget / epoch_seconds:.3f}", f"stages.all.budget_minutes={budget / 60:.3f}")
    return run(SCRATCH, [f"seed={seed}", *length, *(SMOKE if smoke else ())])


def summarise(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return mean and standard deviation over the seeds, and the worst parity."""
    columns = {name: [row[name] for row in runs] for name in MEASURED}
    return {
        **{
            name: {"mean": statistics.mean(values), "sd": statistics.stdev(values) if len(values) > 1 else None}
            for name, values in columns.items()
        },
        "agreement": min(row["parity"]["agreement"] for row in runs),
        "max_abs_difference": max(row["parity"]["max_abs_difference"] for row in runs),
        "always_commonest": runs[0]["always_commonest"],
    }


def table(summaries: dict[str, Any]) -> list[dict[str, object]]:
    def cell(found: dict[str, float | None], digits: int) -> str:
        sd = "" if found["sd"] is None else f" ± {found['sd']:.{digits}f}"
        return f"{found['mean']:.{digits}f}{sd}"

    return [
        {
            "run": kind,
            **{name: cell(found[name], 0 if name.startswith("seconds") else 4) for name in MEASURED},
            "same class": f"{found['agreement']:.4%}",
            "max difference": f"{found['max_abs_difference']:.1e}",
        }
        for kind, found in summaries.items()
    ]


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", choices=["pretrained", "scratch"])
    parser.add_argument("--budget", type=float, help="training seconds of the scratch run, with --only scratch")
    args = parser.parse_args()
    if (args.only == "scratch") != (args.budget is not None):
        parser.error("--only scratch and --budget SECONDS go together")
    seeds = args.seeds[:1] if args.smoke else args.seeds
    kinds = [args.only] if args.only else ["pretrained", "scratch"]
    epoch_seconds = seconds_per_scratch_epoch(args.smoke) if "scratch" in kinds else 0.0
    runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    for number, seed in enumerate(seeds, start=1):
        budget = args.budget
        if "pretrained" in kinds:
            runs["pretrained"].append(pretrained(seed, args.smoke))
            budget = runs["pretrained"][-1]["seconds_training"]
        if "scratch" in kinds:
            runs["scratch"].append(scratch(seed, budget, epoch_seconds, args.smoke))
        summaries = {kind: summarise(rows) for kind, rows in runs.items()}
        measure.show(f"solar cells, test split, {number} of {len(seeds)} seeds", table(summaries))
        settings = {"recipe": "solar_cells", "scratch_recipe": SCRATCH, "seconds_per_scratch_epoch": epoch_seconds}
        name = f"solar_cells_{args.only}" if args.only else "solar_cells"
        # after every seed, so that an interrupted benchmark keeps what it has
        results = {"summary": summaries, "runs": runs}
        measure.record(name, results, settings=settings, seeds=seeds[:number], smoke=args.smoke)


if __name__ == "__main__":
    main()
