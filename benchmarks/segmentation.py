"""What do stages and pretraining buy in segmentation, over the plainest honest baseline?

python -m benchmarks.segmentation camvid|cracks [--seeds 0 1 2] [--runs ours plain scratch] [--smoke]

All runs see the same images the same number of times. `ours` is the shipped recipe; `plain` is smp's Unet on the same
encoder and weights, trained by Adam in one stage, its best epoch taken (`plain_unet.py`), at the best of three learning
rates on the validation images of the first seed; `scratch` is the shipped recipe without pretrained weights, everything
unfrozen throughout. Measured on the test part, in the frame of the original images.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.plain_unet import PlainUnet
from visionft.api import train
from visionft.api.run import Run
from visionft.assemble import Job, assemble, load_data
from visionft.recipe import Recipe, load_recipe

SETS = {"camvid": "camvid-subset", "cracks": "road-cracks-subset"}
RATES = (3e-4, 1e-3, 3e-3)
KINDS = ("ours", "plain", "scratch")


def recipe_of(name: str, seed: int, smoke: bool) -> Recipe:
    settings = [f"data.path={measure.data_folder() / SETS[name]}", f"seed={seed}"]
    if smoke:
        settings += ["input.size=[96,128]", "stages.head.epochs=1", "stages.all.epochs=1", "evaluate.bootstrap=20"]
    return load_recipe(name, settings)


def epochs_of(recipe: Recipe) -> int:
    return round(sum(stage.epochs or 0 for stage in recipe.stages))


def ours(recipe: Recipe) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        run: Run = train(recipe, out=Path(folder) / "run", progress=False)
        seconds = time.monotonic() - started
        row = measured(run.evaluate("test").to_dict())
        history = [epoch["val"]["miou"] for epoch in run.info["history"]]
        parity = run.export().parity.to_dict()
    return {**row, "seconds": seconds, "val_miou": history, "parity": parity}


def from_scratch(recipe: Recipe) -> dict[str, Any]:
    data = recipe.model_dump(mode="json")
    last = recipe.stages[-1]
    data["backbone"]["weights"] = "none"
    data["stages"] = [
        {
            "name": "all",
            "unfreeze": "all",
            "norm": "all",
            "epochs": epochs_of(recipe),
            "head_lr": last.head_lr,
            "backbone_lr": last.head_lr,
            "augment": last.augment,
        }
    ]
    return ours(Recipe.model_validate(data))


def plain(model: PlainUnet, fitted: dict[str, Any]) -> dict[str, Any]:
    job = model.job
    samples = job.dataset.split("test")
    found = job.task.evaluate(samples, job.input, model.runner(), batch_size=8, bootstrap=1000, seed=0)
    return {**measured(found.metrics.to_dict()), **fitted, "lr": model.lr}


def fit_plain(recipe: Recipe, lr: float) -> tuple[PlainUnet, dict[str, Any]]:
    model = PlainUnet(plain_job(recipe), lr=lr, epochs=epochs_of(recipe), seed=recipe.seed)
    return model, model.fit()


def plain_job(recipe: Recipe) -> Job:
    """Return a job that gives batches without augmentation."""
    data = recipe.model_dump(mode="json")
    for stage in data["stages"]:
        stage["augment"] = "none"
    quiet = Recipe.model_validate(data)
    return assemble(quiet, load_data(quiet))


def measured(metrics: dict[str, Any]) -> dict[str, Any]:
    names = ("miou", "dice", "pixel_accuracy", "boundary_f1", "intervals")
    per_class = {name: row["iou"] for name, row in metrics["per_class"].items()}
    return {**{name: metrics[name] for name in names}, "iou": per_class, "test_images": metrics["n"]}


def rows_of(runs: dict[str, list[dict[str, Any]]]) -> list[dict[str, object]]:
    return [
        {
            "run": kind,
            **{
                name: f"{statistics.mean(values):.4f}" + (f" ± {statistics.stdev(values):.4f}" if len(rows) > 1 else "")
                for name in ("miou", "dice", "pixel_accuracy", "boundary_f1")
                if (values := [row[name] for row in rows])
            },
            "seconds": statistics.mean(row["seconds"] for row in rows),
        }
        for kind, rows in runs.items()
        if rows
    ]


def run_seed(name: str, kind: str, seed: int, rates: Sequence[float], smoke: bool) -> dict[str, Any]:
    recipe = recipe_of(name, seed, smoke)
    if kind != "plain":
        return ours(recipe) if kind == "ours" else from_scratch(recipe)
    tried = [fit_plain(recipe, lr) for lr in rates]
    best = max(tried, key=lambda pair: max(pair[1]["val_miou"]))
    return {**plain(*best), "val_miou_by_lr": {model.lr: max(fitted["val_miou"]) for model, fitted in tried}}


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="for plain, on the first seed")
    parser.add_argument("--runs", choices=KINDS, nargs="+", default=KINDS)
    args = parser.parse_args()
    seeds: Sequence[int] = args.seeds[:1] if args.smoke else args.seeds
    recipe = recipe_of(args.set, seeds[0], args.smoke)
    rates: Sequence[float] = args.rates
    runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in args.runs}
    for number, seed in enumerate(seeds, start=1):
        for kind in args.runs:
            runs[kind].append(run_seed(args.set, kind, seed, rates, args.smoke))
            if kind == "plain":
                rates = [runs[kind][0]["lr"]]  # chosen on the first seed
        measure.show(f"{args.set}, test split, {number} of {len(seeds)} seeds", rows_of(runs))
        settings = {"recipe": args.set, "epochs": epochs_of(recipe), "plain_rates_tried": args.rates}
        suffix = "" if set(args.runs) == set(KINDS) else "_" + "_".join(args.runs)
        measure.record(
            f"segmentation_{args.set}{suffix}", runs, settings=settings, seeds=seeds[:number], smoke=args.smoke
        )


if __name__ == "__main__":
    main()
