"""How good is the dense head after minutes on two cores, and against torchvision's FCOS for the same time?

python -m benchmarks.detection [--seeds 0 1 2] [--runs ours fcos scratch] [--smoke]

BCCD's blood cells (Pascal VOC, its own split), EfficientNet-Lite0 with its ImageNet weights. `ours` is the shipped
recipe; `fcos` is the same recipe with torchvision's FCOS as the head, a quarter of the learning rates (its head is
seventeen times as large), and as many epochs as fit into the same time; `scratch` is the shipped recipe without
pretrained weights, everything unfrozen throughout. All are measured on the test part, in the frame of the original
images, and exported.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.segmentation_step import our_step
from visionft.api import train
from visionft.assemble import assemble, load_data
from visionft.recipe import Recipe, load_recipe

KINDS = ("ours", "fcos", "scratch")
SCORES = ("map", "map50", "map75")


def recipe_of(seed: int, smoke: bool) -> Recipe:
    settings = [f"data.path={measure.data_folder() / 'bccd-voc'}", f"seed={seed}"]
    if smoke:
        settings += ["input.size=[96,128]", "stages.head.epochs=1", "stages.all.epochs=1", "evaluate.bootstrap=20"]
    return load_recipe("blood_cells", settings)


def run(recipe: Recipe) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        started, used = time.monotonic(), time.process_time()
        finished = train(recipe, out=Path(folder) / "run", progress=False)
        trained, trained_cpu = time.monotonic() - started, time.process_time() - used
        metrics = finished.evaluate("test").to_dict()
        parity = finished.export().parity.to_dict()
        seconds = time.monotonic() - started
        stages = [{name: stage[name] for name in ("name", "epochs", "seconds", "ended")} for stage in finished.stages]
        history = [epoch["val"]["map50"] for epoch in finished.info["history"]]
    per_class = {
        name: {key: row[key] for key in ("ap", "ap50", "precision", "recall", "f1", "threshold", "objects")}
        for name, row in metrics["per_class"].items()
    }
    return {
        **{name: metrics[name] for name in (*SCORES, "map_small", "map_medium", "map_large", "intervals")},
        "per_class": per_class,
        "test_images": metrics["n"],
        "seconds_of_training": trained,
        "cpu_seconds_of_training": trained_cpu,
        "seconds": seconds,
        "stages": stages,
        "val_map50": history,
        "parity": parity,
    }


def variant(recipe: Recipe, kind: str, ratio: float) -> Recipe:
    """Return the recipe of a kind of run.

    Args:
        recipe: the shipped one.
        kind: see the top of the file.
        ratio: of the time of a training step, ours over FCOS's.
    """
    data = recipe.model_dump(mode="json")
    last = data["stages"][-1]
    if kind == "scratch":
        data["backbone"]["weights"] = "none"
        epochs = sum(stage["epochs"] for stage in data["stages"])
        data["stages"] = [{**last, "epochs": epochs, "layer_decay": 1.0, "backbone_lr": last["head_lr"]}]
    if kind == "fcos":
        data["task"]["head"] = "fcos"
        for stage in data["stages"]:
            stage["epochs"] *= ratio
            stage["head_lr"] /= 4
            stage["backbone_lr"] = stage["backbone_lr"] and stage["backbone_lr"] / 4
    return Recipe.model_validate(data)


def step_ratio(recipe: Recipe, repeats: int = 5) -> float:
    """Return the CPU seconds of a training step of ``ours`` over those of ``fcos``, medians of a few in turns."""
    steps = []
    for kind in ("ours", "fcos"):
        data = variant(recipe, kind, 1.0).model_dump(mode="json")
        data["stages"] = data["stages"][-1:]
        one_stage = Recipe.model_validate(data)
        job = assemble(one_stage, load_data(one_stage))
        with job.train_loader(job.plans[0].stage) as loader:
            steps.append(our_step(job, next(iter(loader.training(0)))))
    seconds: list[list[float]] = [[], []]
    for _ in range(repeats + 1):
        for take, taken in zip(steps, seconds, strict=True):
            started = time.process_time()
            take()
            taken.append(time.process_time() - started)
    ours, fcos = (statistics.median(taken[1:]) for taken in seconds)
    return ours / fcos


def rows_of(runs: dict[str, list[dict[str, Any]]]) -> list[dict[str, object]]:
    return [
        {
            "run": kind,
            **{
                name: f"{statistics.mean(values):.4f}" + (f" ± {statistics.stdev(values):.4f}" if len(rows) > 1 else "")
                for name in SCORES
                if (values := [row[name] for row in rows])
            },
            "seconds": statistics.mean(row["seconds"] for row in rows),
            "same boxes": f"{min(row['parity']['agreement'] for row in rows):.4%}",
        }
        for kind, rows in runs.items()
        if rows
    ]


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--runs", choices=KINDS, nargs="+", default=KINDS)
    args = parser.parse_args()
    seeds: Sequence[int] = args.seeds[:1] if args.smoke else args.seeds
    ratio = step_ratio(recipe_of(seeds[0], args.smoke)) if "fcos" in args.runs else 1.0
    runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in args.runs}
    for number, seed in enumerate(seeds, start=1):
        recipe = recipe_of(seed, args.smoke)
        for kind in args.runs:
            runs[kind].append(run(variant(recipe, kind, ratio)))
            measure.show(f"BCCD, test part, {number} of {len(seeds)} seeds", rows_of(runs))
            suffix = "" if set(args.runs) == set(KINDS) else "_" + "_".join(args.runs)
            described = recipe.model_dump(mode="json")
            described["data"]["path"] = "bccd-voc"
            settings = {"recipe": described, "step_ours_over_fcos": ratio}
            measure.record(f"detection_bccd{suffix}", runs, settings=settings, seeds=seeds[:number], smoke=args.smoke)


if __name__ == "__main__":
    main()
