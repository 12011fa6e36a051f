"""What are views worth: a stage whose front is frozen, with and without keeping what that makes of the images.

python -m benchmarks.kept_views [--solar] [--repeats 3] [--epochs 8] [--views 2] [--smoke]

EfficientNet-Lite0 at 224, the last third of its depth groups trains; made-up photographs with augmentation medium, or
the demo's solar cells with flips. The frozen layers are run by torch, or by onnxruntime. A stage's own seconds, as
run.json tells them: loading, augmentation, validation and the making of the views included. Whole runs in turns, each
in a process of its own.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.paired_speed import made_up_images
from benchmarks.pinned_runs import HERE, Side, side

_UNFROZEN = 6  # of 18 depth groups
_CELLS = 1775  # that train


def main() -> None:
    """Time both ways and write the result."""
    parser = measure.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each way")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--views", type=int, default=2, help="of each image")
    parser.add_argument("--solar", action="store_true", help="the demo's solar cells")
    asked = parser.parse_args()
    repeats, epochs, images = (1, 2, 8) if asked.smoke else (asked.repeats, asked.epochs, 96)
    here = side(HERE, None)
    ways = {
        "views": (asked.views, "eager"),
        "views, onnxruntime": (asked.views, "onnxruntime"),
        "without": (None, "eager"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        data = None if asked.solar else made_up_images(Path(folder) / "images", images)
        for number in range(repeats):
            for name in list(ways)[:: 1 if number % 2 else -1]:
                recipe = Path(folder) / f"{name}.yaml"
                recipe.write_text(json.dumps(_recipe(data, epochs, *ways[name])))
                seconds[name].append(_stage_seconds(here, recipe, Path(folder) / f"{name}-{number}"))
    trained = (_CELLS if asked.solar else round(2 * images * 0.9)) * epochs
    results = measure.compare("a stage with a frozen front", seconds, images=trained, reference="without")
    settings = {"repeats": repeats, "epochs": epochs, "views": asked.views, "unfreeze": _UNFROZEN}
    measure.record(
        "kept_views_solar" if asked.solar else "kept_views", results, settings=settings, seeds=[0], smoke=asked.smoke
    )


def _recipe(data: Path | None, epochs: int, views: int | None, engine: str) -> dict[str, Any]:
    augment = "medium" if data else "flips"
    stage = {"name": "top", "unfreeze": _UNFROZEN, "epochs": epochs, "augment": augment, "views": views}
    return {
        "name": "views",
        "data": {"path": str(data), "val_fraction": 0.1, "test_fraction": 0.0}
        if data
        else {"format": "elpv", "val_fraction": 0.1},
        "backbone": {"name": "tf_efficientnet_lite0", "weights": "none" if data else "package"},
        "input": {"size": 224, "fit": "stretch"},
        "runtime": {"device": "cpu", "workers": 0, "frozen": engine},
        "evaluate": {"bootstrap": 0, "select": "last"},
        "export": {"min_agreement": 0.0, "max_difference": 1e9, "max_score_change": 1.0},
        "stages": [stage],
    }


def _stage_seconds(which: Side, recipe: Path, out: Path) -> float:
    done = which.run("-m", "visionft", "train", str(recipe), "--out", str(out))
    if not (out / "run.json").is_file():
        raise SystemExit(done.stderr)
    return float(json.loads((out / "run.json").read_text())["history"][-1]["seconds"])


if __name__ == "__main__":
    main()
