"""How long until a network is good? Accuracy over seconds: visionft without a recipe, a plain loop, fastai.

python -m benchmarks.time_to_accuracy [--data solar_cells clothing-small sign-digits-subset] [--seeds 0 1 2 3 4]
                                      [--fastai PYTHON] [--smoke]
python -m benchmarks.time_to_accuracy --picture

All see the same files, network, weights and canvas, in processes of their own, in turns; the clock starts with the
process. A point is an epoch: the accuracy of its weights on held-out images, which all tools measure after each of
theirs. visionft chooses the penalty of its fitted head, and when stages end, on these images too. ``--fastai`` names
the Python of an environment with fastai; without it that tool is left out. ``--picture`` draws what was recorded.
"""

import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.time_to_accuracy_picture import draw

NETWORK = "tf_efficientnet_lite0"
ORIENTATION = {"solar_cells": "any", "sign-digits-subset": "fixed"}  # others: upright
_TOOLS = ("visionft", "plain loop", "fastai")
_HERE = Path(__file__).parent
_HELD_OUT = 0.3
_PICTURE = measure.ROOT / "docs" / "pictures" / "time-to-accuracy.svg"
Point = dict[str, float]

# What a program does that uses visionft, and tells of its epochs.
_OURS = """
import json, sys, time
import visionft as vft
table, out, started, *overrides = sys.argv[1:]
def tell(epoch):
    row = {"seconds": time.time() - float(started), "accuracy": epoch.row["val"]["accuracy"]}
    print(json.dumps(row | {"stage": epoch.row["stage_name"]}), flush=True)
vft.train(table, overrides=overrides, out=out, callbacks=[tell], progress=False)
"""


def main() -> None:
    """Run all tools and write the result, or draw it."""
    parser = measure.parser(__doc__)
    parser.add_argument("--data", nargs="+", default=["solar_cells", "clothing-small", "sign-digits-subset"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--fastai", help="the Python of an environment that has it")
    parser.add_argument("--only", nargs="+", choices=_TOOLS, default=_TOOLS)
    parser.add_argument("--picture", action="store_true", help="draw what was recorded")
    asked = parser.parse_args()
    result = measure.RESULTS / "time_to_accuracy.json"
    if not asked.picture:
        tools = [tool for tool in asked.only if tool != "fastai" or asked.fastai]
        found = {name: _curves(name, tools, asked.seeds, asked.fastai, smoke=asked.smoke) for name in asked.data}
        settings = {"network": NETWORK, "size": _size(asked.smoke), "tools": tools, "orientation": ORIENTATION}
        result = measure.record("time_to_accuracy", found, settings=settings, seeds=asked.seeds, smoke=asked.smoke)
    picture = Path(tempfile.gettempdir()) / _PICTURE.name if asked.smoke else _PICTURE
    picture.write_text(draw(json.loads(result.read_text())["results"]), encoding="utf-8")
    print(f"drawn: {picture}")


def _curves(
    name: str, tools: Sequence[str], seeds: Sequence[int], fastai: str | None, *, smoke: bool
) -> dict[str, Any]:
    """Return the epochs of each tool and seed on a data set, and when each tool is as good as the others get."""
    curves: dict[str, list[list[Point]]] = {tool: [] for tool in tools}
    with tempfile.TemporaryDirectory() as temporary:
        table, weights, images = _table(name, Path(temporary), smoke=smoke)
        for number, seed in enumerate(seeds):
            for tool in tools if number % 2 == 0 else reversed(tools):
                command = _command(tool, table, weights, seed, ORIENTATION.get(name, "upright"), fastai, smoke=smoke)
                curves[tool].append(_points(command, tool))
                last = curves[tool][-1][-1]
                print(f"{name}, {tool}, seed {seed}: {last['accuracy']:.3f} after {last['seconds']:.0f} s", flush=True)
    final = {tool: statistics.median(run[-1]["accuracy"] for run in runs) for tool, runs in curves.items()}
    reached = {
        f"{tool} as good as {other}": [_seconds_until(run, final[other]) for run in curves[tool]]
        for tool in tools
        for other in tools
    }
    return {"images": images, "final": final, "seconds_until": reached, "curves": curves}


def _seconds_until(run: Sequence[Point], accuracy: float) -> float | None:
    return next((point["seconds"] for point in run if point["accuracy"] >= accuracy), None)


def _table(name: str, folder: Path, *, smoke: bool) -> tuple[Path, Path, dict[str, int]]:
    """Write a table of the images that train and of those that are held out; return it with the file of the weights."""
    from safetensors.torch import save_file

    from visionft.assemble import load_data
    from visionft.data.targets.label import Label
    from visionft.models.backbones.backbone import Backbone
    from visionft.recipe import load_recipe, recipe_from_data

    if name == "solar_cells":
        recipe = load_recipe(name)
    else:
        path = Path(name) if Path(name).exists() else measure.data_folder() / name / "images"
        recipe = recipe_from_data(path, [f"data.test_fraction={_HELD_OUT}"])
    dataset = load_data(recipe)
    parts = {"train": [*dataset.split("train"), *dataset.split("val")], "val": dataset.split("test")}
    if smoke:
        parts = {split: samples[:: max(1, len(samples) // 60)] for split, samples in parts.items()}
    table = folder / "table.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "split"])
        for split, samples in parts.items():
            for sample in samples:
                writer.writerow([sample.image, dataset.class_names[Label.of(sample).index], split])
    weights = folder / "weights.safetensors"  # under timm's names, which those of packages need not have
    pretrained = Backbone(NETWORK, "package").state_dict()
    save_file({name.removeprefix("network."): tensor for name, tensor in pretrained.items()}, weights)
    return table, weights, {split: len(samples) for split, samples in parts.items()}


def _command(
    tool: str, table: Path, weights: Path, seed: int, orientation: str, fastai: str | None, *, smoke: bool
) -> list[str]:
    size, started = _size(smoke), str(time.time())
    if tool == "visionft":
        settings = [f"seed={seed}", f"input.size={size}", "input.fit=stretch", f"augment.orientation={orientation}"]
        settings += [f"backbone.name={NETWORK}", f"backbone.weights={weights}", "name=time"]
        if smoke:
            settings += [f"stages.{stage}.epochs=1" for stage in ("head", "top", "all")]
        out = table.parent / f"run-{seed}"
        return [sys.executable, "-c", _OURS, str(table), str(out), started, *settings]
    own = [sys.executable, str(_HERE / "plain_classifier.py")]
    theirs = [str(fastai), str(_HERE / "fastai_classifier.py"), "--epochs", "3"]
    told = [str(table), NETWORK, str(weights), started, "--size", str(size), "--orientation", orientation]
    return [*(theirs if tool == "fastai" else own), *told, "--seed", str(seed), *(["--epochs", "1"] if smoke else [])]


def _points(command: Sequence[str], tool: str) -> list[Point]:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=measure.ROOT)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise SystemExit(f"{tool} failed: {' '.join(command)}\n{done.stdout}")
    return lines


def _size(smoke: bool) -> int:
    return 64 if smoke else 224


if __name__ == "__main__":
    main()
