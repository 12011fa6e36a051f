"""Does ``unfreeze: auto`` go to a sensible depth? Validation after stages of fixed depths, and after its choice.

python -m benchmarks.unfreeze_auto [--data clothing=DIR] [--depths 1 3 6 9 12 18 auto] [--seeds 0 1] [--smoke]

EfficientNet-Lite0 (18 depth groups) at 128 pixels: a head on frozen features of two views, then a stage that trains the
last groups as well. Solar cells are a part of the demo's; other data are folders. Splits are fixed by content; seeds
change order, augmentation and dropout. What counts is validation, since that is what a user would choose a depth by.
"""

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import visionft as vft
from benchmarks import measure
from visionft.assemble import load_data
from visionft.data.splits import Split
from visionft.imaging.pixels import require_file

_IMAGES: dict[Split, int] = {"train": 480, "val": 320}  # of the solar cells
_MEASURED = ("accuracy", "loss")


def main() -> None:
    """Train to every depth and write the result."""
    parser = measure.parser(__doc__)
    parser.add_argument("--data", action="append", default=[], help="NAME=DIR of further images")
    parser.add_argument("--depths", nargs="+", default=["1", "3", "6", "9", "12", "18", "auto"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--epochs", type=int, default=6)
    asked = parser.parse_args()
    depths, seeds = (["1", "auto"], [0]) if asked.smoke else (asked.depths, asked.seeds)
    epochs, side = (1, 64) if asked.smoke else (asked.epochs, 128)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        sources = {"solar": _solar_cells(Path(temporary))} | dict(given.split("=", 1) for given in asked.data)
        for name, data in sources.items():
            results[name] = {}
            for depth in depths:
                runs = [_run(str(data), depth, seed, epochs, side) for seed in seeds]
                results[name][depth] = runs
                means = {key: sum(run["best"][key] for run in runs) / len(runs) for key in _MEASURED}
                print(name, depth, means, [run["groups"] for run in runs], flush=True)
    settings = {"epochs": epochs, "side": side, "backbone": "tf_efficientnet_lite0", "solar": _IMAGES}
    measure.record("unfreeze_auto", results, settings=settings, seeds=seeds, smoke=asked.smoke)


def _run(data: str, depth: str, seed: int, epochs: int, side: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "run"
        vft.train(_recipe(data, depth, seed, epochs, side), out=out, progress=False)
        info = json.loads((out / "run.json").read_text())
    head, top = info["stages"]
    decided = info.get("unfreeze", {}).get("top")
    return {"seed": seed, "head": head["best"], "best": top["best"], "groups": len(top["groups"]), "decided": decided}


def _recipe(data: str, depth: str, seed: int, epochs: int, side: int) -> vft.Recipe:
    seen = {"augment": "flips"}
    top = {"name": "top", "unfreeze": int(depth) if depth.isdigit() else depth, "epochs": epochs, **seen}
    return vft.Recipe(
        seed=seed,
        data={"path": data, "val_fraction": 0.4, "test_fraction": 0.0},
        backbone={"name": "tf_efficientnet_lite0", "weights": "package"},
        input={"size": side, "fit": "stretch"},
        task={"label_smoothing": 0.05},
        optim={"batch_size": 16},
        runtime={"device": "cpu", "workers": 0},
        evaluate={"bootstrap": 0, "select": "loss"},
        stages=[
            {"name": "head", "unfreeze": "none", "epochs": 20, "views": 2, "head_lr": 5e-3, **seen},
            {**top, "head_lr": 5e-4, "backbone_lr": 3e-4},
        ],
    )


def _solar_cells(folder: Path) -> Path:
    """Write a table of a part of the demo's cells, and return where."""
    dataset = load_data(vft.Recipe(data={"format": "elpv", "val_fraction": 0.3}), lambda _done, _total: None)
    table = folder / "solar.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "split"])
        for split, number in _IMAGES.items():
            for sample in dataset.split(split)[:number]:
                label = dataset.class_names[sample.target.classes[0]]
                writer.writerow([require_file(sample.image), label, split])
    return table


if __name__ == "__main__":
    main()
