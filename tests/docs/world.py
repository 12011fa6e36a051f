"""A folder that holds what the documentation's commands name, and what makes their trainings short."""

import shutil
from pathlib import Path

import cv2

from docs.drawn import nuclei, plants
from tests.tasks.multilabel.shapes import write_shapes
from visionft.catalog import IN_MEMORY
from visionft.models.backbones import BACKBONES
from visionft.probing import BackboneChoice
from visionft.recipe import Recipe

TOOLS = {"bar": "bolt", "disc": "nut", "ring": "washer"}
STANDARD = {
    "photos": "photos/",
    "labels": "labels.csv",
    "scenes": "scenes/",
    "cells": "cells/",
    "nuclei": "nuclei.json --set task.kind=instance_segmentation",
    "plants": "plants.csv --set task.kind=regression",
}
"""The run that pages mean by ``runs/NAME-001`` -> what is trained there."""


def build(root: Path, images: Path, masks: Path, boxes: Path) -> None:
    """Put small data where the pages say that the reader's are."""
    for shape, tool in TOOLS.items():
        shutil.copytree(images / shape, root / "photos" / tool)
    shutil.copytree(masks, root / "scenes")
    shutil.copytree(boxes, root / "cells")
    (root / "tools").mkdir()
    table = write_shapes(root / "tools", 48)
    text = table.read_text()
    for shape, tool in TOOLS.items():
        text = text.replace(shape, tool)
    (root / "labels.csv").write_text("\n".join(["path,labels", *(f"tools/{line}" for line in text.splitlines()[1:])]))
    table.unlink()
    plants(root / "plants", 24, side=40)
    nuclei(root / "nuclei", 16, side=64)
    (root / "mixed").mkdir()
    (root / "more").mkdir()
    for number, (shape, tool) in enumerate(TOOLS.items()):
        for index, picture in enumerate(sorted((images / shape).iterdir())[:8]):
            shutil.copy(picture, root / "mixed" / f"{tool}_{index:02}.png")
        picture = cv2.resize(cv2.imread(str(images / shape / "03.png")), (80, 64))
        cv2.imwrite(str(root / "more" / f"{number}.png"), picture)
        if number == 0:
            cv2.imwrite(str(root / "new.jpg"), picture)


def reduced(recipe: Recipe) -> Recipe:
    """Return a recipe for the same data, task and parts that trains in a second.

    This alone is laid over the trainings of the pages: a tiny network with random weights, small canvases, one epoch a
    stage, which unfreezes as many groups as there are. Everything else is as the page says; and what it says has been
    validated before.
    """
    data = recipe.model_dump(mode="json")
    own = recipe.backbone.name in (*BACKBONES, IN_MEMORY)  # of the page, and small
    if not own:
        data["backbone"] |= {"name": "test_resnet", "weights": "none"}
    data["input"] |= {"size": [64, 80] if recipe.task.kind in ("detection", "instance_segmentation") else 32}
    data["optim"] |= {"batch_size": 8, "accumulate": 1}
    data["runtime"] |= {"device": "cpu", "precision": "fp32", "workers": 0}
    data["evaluate"]["bootstrap"] = 20
    data["export"]["min_agreement"] = 0.0  # networks that have hardly learned are full of ties
    for stage in data["stages"]:
        unfreeze = stage["unfreeze"]
        stage["unfreeze"] = min(unfreeze, 5) if isinstance(unfreeze, int) and not own else unfreeze
        stage |= {"epochs": 1, "steps": None, "image_size": None}
    return Recipe.model_validate(data)


def reduced_backbones(choices: tuple[BackboneChoice, ...]) -> tuple[BackboneChoice, ...]:
    """Return a tiny network with random weights in the place of those that a page probes."""
    assert choices
    return (BackboneChoice("test_resnet", "none"),)
