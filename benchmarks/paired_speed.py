"""How fast another checkout trains beside this one: the same recipes by both, in turns, through the terminal alone.

python -m benchmarks.paired_speed --against CHECKOUT [--repeats 5] [--smoke]

For refactors: an epoch's images per second, loading and augmentation included, as run.json tells them. ``loading``
trains a head on a network so small that the loader is what takes the time, ``step`` a whole EfficientNet-Lite0 without
augmentation. Ratios of medians are this checkout's speed by the other one's.
"""

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import measure
from benchmarks.pinned_runs import HERE, Side, side

_SIZE = 256


def main() -> None:
    """Time both checkouts and write the result."""
    parser = measure.parser(__doc__)
    parser.add_argument("--against", type=Path, required=True, help="the other checkout")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each recipe by each checkout")
    asked = parser.parse_args()
    repeats = 1 if asked.smoke else asked.repeats
    sides = {"this": side(HERE, None), "other": side(asked.against, None)}
    with tempfile.TemporaryDirectory() as folder:
        data = made_up_images(Path(folder) / "images", 16 if asked.smoke else 128)
        results = {}
        for name, recipe in _recipes(data).items():
            path = Path(folder) / f"{name}.yaml"
            path.write_text(json.dumps({"name": name, **recipe}))
            seconds: dict[str, list[float]] = {which: [] for which in sides}  # an image
            for number in range(repeats):
                for which in list(sides)[:: 1 if number % 2 else -1]:
                    out = Path(folder) / f"{name}-{which}-{number}"
                    seconds[which].append(1 / _images_per_second(sides[which], path, out))
            results[name] = measure.compare(name, seconds, images=1, reference="other")
    measure.record("paired_speed", results, settings={"repeats": repeats}, seeds=[0], smoke=asked.smoke)


def made_up_images(folder: Path, count: int) -> Path:
    """Write so many images for each of two classes, and return their folder."""
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            small_HW3 = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
            cv2.imwrite(str(folder / label / f"{number}.jpg"), cv2.resize(small_HW3, (_SIZE, _SIZE)))
    return folder


def _recipes(data: Path) -> dict[str, dict[str, Any]]:
    shared = {
        "data": {"path": str(data), "val_fraction": 0.1, "test_fraction": 0.0},
        "input": {"size": 224, "fit": "stretch"},
        "runtime": {"device": "cpu", "workers": 0, "precision": "fp32"},
        "evaluate": {"bootstrap": 0, "select": "last"},
        "export": {"min_agreement": 0.0, "max_difference": 1e9, "max_score_change": 1.0},
    }
    stage = {"name": "all", "unfreeze": "all", "epochs": 3}
    return {
        "loading": {
            **shared,
            "backbone": {"name": "test_resnet", "weights": "none"},
            "stages": [{**stage, "unfreeze": "none", "augment": "medium"}],
        },
        "step": {
            **shared,
            "backbone": {"name": "tf_efficientnet_lite0", "weights": "none"},
            "optim": {"batch_size": 16},
            "stages": [{**stage, "epochs": 1, "augment": "none"}],
        },
    }


def _images_per_second(which: Side, recipe: Path, out: Path) -> float:
    done = which.run("-m", "visionft", "train", str(recipe), "--out", str(out))
    if not (out / "run.json").is_file():
        raise SystemExit(f"{which.root}: {done.stderr}")
    history = json.loads((out / "run.json").read_text())["history"]
    return statistics.median([float(row["images_per_second"]) for row in history])


if __name__ == "__main__":
    main()
