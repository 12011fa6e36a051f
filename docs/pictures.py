"""Make the pictures of the documentation with the product itself: ``python -m docs.pictures DATA WORK``.

DATA holds the public sets, under these names (each with a licence that lets pictures of it be passed on):

- ``clothing-small`` (CC0, github.com/alexeygrigorev/clothing-dataset-small)
- ``bccd-voc`` (MIT, github.com/Shenggan/BCCD_Dataset)
- ``road-cracks-subset`` (MIT, github.com/biankatpas/Cracks-and-Potholes-in-Road-Images-Dataset)

Plants and nuclei are drawn (``docs/drawn.py``). WORK keeps the runs: what has finished is not trained again. About an
hour on two CPU cores; reports are photographed with chromium.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

import visionft as vft
from docs.drawn import nuclei, plants
from visionft.api import complete
from visionft.tasks.base import DrawablePrediction

HERE = Path(__file__).parent / "pictures"
PACKAGED = "backbone.weights=package"
LIMIT = 100_000  # bytes of a picture


@dataclass(frozen=True)
class Story:
    """A task's run for the pictures: what is trained, and on what."""

    source: str
    overrides: tuple[str, ...]


STORIES = {
    "classification": Story("photos", (PACKAGED,)),
    "multilabel": Story("smears", (PACKAGED, "task.kind=multilabel", "stages.top.epochs=3", "stages.all.epochs=1")),
    "regression": Story("plants.csv", (PACKAGED, "task.kind=regression")),
    "segmentation": Story(
        "roads",
        (
            PACKAGED,
            "data.images='**/{name}_RAW.jpg'",
            "data.masks='**/{name}_LANE.png'",
            "data.classes={ground: 0, lane: 255}",
            "input.size=[160, 256]",
            "stages.all.epochs=14",
        ),
    ),
    "detection": Story("cells", ("input.size=[320, 416]", PACKAGED, "stages.all.epochs=9")),
    "instances": Story(
        "nuclei.json", (PACKAGED, "task.kind=instance_segmentation", "input.size=[256, 256]", "stages.all.epochs=12")
    ),
}


def prepare(data: Path, work: Path) -> None:
    """Lay the data where the commands of the documentation look for them."""
    work.mkdir(parents=True, exist_ok=True)
    sets = {"photos": "clothing-small/images", "cells": "bccd-voc", "smears": "bccd-voc", "roads": "road-cracks-subset"}
    for name, source in sets.items():
        if not (work / name).exists():
            shutil.copytree(data / source, work / name)
    if not (work / "plants.csv").exists():
        plants(work / "plants", 240)
    if not (work / "nuclei.json").exists():
        nuclei(work / "nuclei", 80)


def finished(name: str, work: Path) -> Path:
    """Return the run folder of a story after training, evaluation, report and export."""
    story, folder = STORIES[name], work / "runs" / name
    if not (folder / "model.onnx").exists():
        again = (folder / "recipe.yaml").exists()
        source = folder if again else work / story.source
        complete(vft.train(source, overrides=() if again else story.overrides, out=folder, resume=again))
    return folder


def save(name: str, picture: np.ndarray, width: int) -> None:
    """Write a picture (BGR) no wider than asked for, as WebP of at most LIMIT bytes."""
    if picture.shape[1] > width:
        height = round(picture.shape[0] * width / picture.shape[1])
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    for quality in range(90, 30, -5):
        encoded = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
        if len(encoded) <= LIMIT:
            (HERE / f"{name}.webp").write_bytes(encoded)
            return
    raise SystemExit(f"{name}: {len(encoded)} bytes at the lowest quality")


def photograph(page: Path, width: int, height: int) -> np.ndarray:
    """Return the upper part of a page as a browser shows it, in three pixels for two; no reader has our folders."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        raise SystemExit("chromium is needed for pictures of reports")
    with TemporaryDirectory() as folder:
        copy, shot = Path(folder) / "page.html", Path(folder) / "page.png"
        copy.write_text(page.read_text(encoding="utf-8").replace(str(page.resolve().parents[2]), "/home/you"))
        flags = ["--headless", "--no-sandbox", "--hide-scrollbars", "--force-device-scale-factor=1.5"]
        size = f"--window-size={width},{height}"
        subprocess.run([browser, *flags, size, f"--screenshot={shot}", copy.as_uri()], check=True)
        return cv2.imread(str(shot))


def draw(name: str, work: Path) -> None:
    """Write a task's pictures: training images, the report, and predictions where they can be drawn."""
    folder = finished(name, work)
    if name != "multilabel":  # the pictures are those of detection
        with TemporaryDirectory() as temporary:
            grid = Path(temporary) / "grid.png"
            vft.check(folder / "recipe.yaml", show_augment=grid)
            save(f"{name}-augment", cv2.imread(str(grid)), 900)
    run = vft.open_run(folder)
    page = photograph(run.report(), 1180, 1330)
    save(f"{name}-report", page, 1180)
    if name == "classification":
        save("report-top", page[: page.shape[1] * 32 // 100], 1180)
    predictor, samples = vft.Predictor(folder / "model.onnx"), run.samples("test")
    chosen = samples[:: max(1, len(samples) // 3)][:3]
    predictions = {sample.image: predictor(sample.image) for sample in chosen}
    tiles = [found.overlay(path) for path, found in predictions.items() if isinstance(found, DrawablePrediction)]
    if tiles:
        height = min(tile.shape[0] for tile in tiles)
        row = [cv2.resize(tile, (round(tile.shape[1] * height / tile.shape[0]), height)) for tile in tiles]
        save(f"{name}-prediction", cv2.cvtColor(np.hstack(row), cv2.COLOR_RGB2BGR), 1200)


def main() -> None:
    """Train what has not been trained, and write every picture, or those of the tasks that are named."""
    data, work, *names = sys.argv[1:]
    prepare(Path(data), Path(work))
    HERE.mkdir(exist_ok=True)
    for name in names or STORIES:
        draw(name, Path(work))


if __name__ == "__main__":
    main()
