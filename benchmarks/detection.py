"""How good is the dense head after minutes on two cores, and against torchvision's FCOS for the same time?

python -m benchmarks.detection [--seeds 0 1 2] [--runs ours fcos scratch] [--smoke]

BCCD's blood cells (Pascal VOC, its own split), EfficientNet-Lite0 with its ImageNet weights. `ours` is the shipped
recipe; `fcos` is the same recipe with torchvision's FCOS as the head, for as many epochs as fit into the time that
`ours` trained; `scratch` is the shipped recipe without pretrained weights, everything unfrozen throughout. All are
measured on the test part, in the frame of the original images, and exported.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import measure
from visionft.api import train
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
        started = time.monotonic()
        finished = train(recipe, out=Path(folder) / "run", sinks=())
        trained = time.monotonic() - started
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
        "seconds": seconds,
        "stages": stages,
        "val_map50": history,
        "parity": parity,
    }


def variant(recipe: Recipe, kind: str, seconds: float | None) -> Recipe:
    """Return the recipe of a kind of run.

    Args:
        recipe: the shipped one.
        kind: see the top of the file.
        seconds: that one epoch of the last stage of ``ours`` took, less that of ``fcos``, as a ratio.
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
            stage["epochs"] = stage["epochs"] * (seconds or 1.0)
    return Recipe.model_validate(data)


def speed_ratio(recipe: Recipe) -> float:
    """Return the seconds of a training image of ``ours`` over those of ``fcos``, from one epoch of each."""
    taken = []
    for kind in ("ours", "fcos"):
        data = variant(recipe, kind, None).model_dump(mode="json")
        data["stages"] = [{**data["stages"][-1], "epochs": 1}]
        taken.append(run(Recipe.model_validate(data))["stages"][0]["seconds"])
    return float(taken[0] / taken[1])


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
    ratio = speed_ratio(recipe_of(seeds[0], args.smoke)) if "fcos" in args.runs else None
    runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in args.runs}
    for number, seed in enumerate(seeds, start=1):
        recipe = recipe_of(seed, args.smoke)
        for kind in args.runs:
            runs[kind].append(run(variant(recipe, kind, ratio)))
            measure.show(f"BCCD, test part, {number} of {len(seeds)} seeds", rows_of(runs))
            suffix = "" if set(args.runs) == set(KINDS) else "_" + "_".join(args.runs)
            settings = {"recipe": recipe.model_dump(mode="json"), "seconds_ours_over_fcos": ratio}
            settings["recipe"]["data"]["path"] = "bccd-voc"
            measure.record(f"detection_bccd{suffix}", runs, settings=settings, seeds=seeds[:number], smoke=args.smoke)


if __name__ == "__main__":
    main()
