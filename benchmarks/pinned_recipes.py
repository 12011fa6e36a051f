"""What is pinned: a small recipe for each task and head, and the data that they need."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]
Outlined: TypeAlias = list[tuple[int, Picture]]
"""Class and mask_HW of each object of a picture."""

NAMES = ("ring", "triangle")
PARTS = ("train", "val", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One run: its recipe, and how its model is asked.

    Attributes:
        data: folder of ``make_data`` that it learns from.
        recipe: the recipe, but for its name and where the data lie.
        draws: whether ``predict --save`` is asked for.
        options: of ``predict``.
    """

    data: str
    recipe: Mapping[str, Any]
    draws: bool = True
    options: tuple[str, ...] = field(default=())


def _recipe(stages: list[dict[str, Any]], **sections: Any) -> dict[str, Any]:
    """Return a recipe on a tiny network, with a gate that every file passes; sections are laid over it."""
    made: dict[str, Any] = {
        "seed": 3,
        "backbone": {"name": "test_resnet", "weights": "none"},
        "optim": {"batch_size": 4, "ema": 0.9},
        "runtime": {"device": "cpu", "precision": "fp32", "workers": 0},
        "evaluate": {"bootstrap": 20},
        "export": {"min_agreement": 0, "max_difference": 1e6, "max_score_change": 1e6},
        "stages": stages,
    }
    for name, value in sections.items():
        made[name] = made.get(name, {}) | value
    return made


def _stages(head: dict[str, Any], everything: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a stage of the head alone, and one of everything."""
    return [
        {"name": "head", "unfreeze": "none", "augment": "light", "head_lr": 5e-3} | head,
        {"name": "all", "unfreeze": "all", "norm": "all", "augment": "medium", "head_lr": 5e-3, "backbone_lr": 5e-3}
        | everything,
    ]


def _short(data: str, kind: str, head: str, rate: float) -> Pinned:
    """Return a run of a large head: a few steps, the weights of its last one, and every object that it sees."""
    length = {"steps": 2, "head_lr": rate}
    sections = {
        "task": {"kind": kind, "head": head},
        "input": {"size": [48, 64]},
        "augment": {"orientation": "any"},
        "optim": {"batch_size": 2},
        "evaluate": {"select": "last"},
    }
    recipe = _recipe(_stages(length, length | {"backbone_lr": rate}), **sections)
    return Pinned(data=data, recipe=recipe, options=("--threshold", "0.02"))


_OBJECTS = {
    "input": {"size": [64, 80]},
    "augment": {"orientation": "any", "mosaic": 0.5, "mixup": 0.3},  # happens in all stages but the last
    "optim": {"clip_norm": 10.0},
}

RUNS: Mapping[str, Pinned] = {
    "classification": Pinned(
        data="shapes",
        recipe=_recipe(
            _stages({"epochs": 1}, {"epochs": 3, "layer_decay": 0.8}),
            input={"size": 32, "fit": "stretch"},
            optim={"batch_size": 8},
            runtime={"workers": 1},
            evaluate={"select": "last"},  # the weights that all of the training made
        ),
        draws=False,
    ),
    "classification_mixed": Pinned(
        data="shapes",
        recipe=_recipe(
            _stages({"epochs": 1}, {"epochs": 3, "norm": "affine"}),
            # depthwise convolutions have a backward pass of their own in bf16
            backbone={"name": "test_efficientnet", "drop_path": 0.1},
            runtime={"precision": "bf16"},
            input={"size": 32},
            optim={"batch_size": 8},
            augment={"orientation": "any", "mixup": 0.4, "cutmix": 0.4},
            evaluate={"select": "accuracy"},
        ),
        draws=False,
    ),
    "classification_cached": Pinned(
        data="shapes",
        recipe=_recipe(
            _stages(
                {"epochs": 8, "augment": "none", "patience": 3, "head_lr": 3e-2},
                {"epochs": 1, "augment": "none", "unfreeze": 1, "norm": "frozen"},
            ),
            task={"label_smoothing": 0.1, "class_weights": "balanced"},
            input={"size": 32, "fit": "pad"},
            optim={"batch_size": 8, "accumulate": 2},
        ),
        draws=False,
    ),
    "segmentation": Pinned(
        data="scenes",
        recipe=_recipe(
            _stages({"epochs": 1}, {"epochs": 5}),
            task={"kind": "segmentation"},
            input={"size": [40, 48]},
            evaluate={"select": "miou"},
        ),
    ),
    "segmentation_tile": Pinned(
        data="scenes",
        recipe=_recipe(
            _stages({"epochs": 1}, {"epochs": 3}),
            task={"kind": "segmentation", "head": "fpn", "losses": {"focal": 1.0, "lovasz": 0.5}},
            input={"size": 32, "fit": "tile"},
        ),
    ),
    "detection": Pinned(
        data="boxes",
        recipe=_recipe(_stages({"epochs": 2}, {"epochs": 7}), task={"kind": "detection"}, **_OBJECTS),
    ),
    "detection_faster_rcnn": _short("few_boxes", "detection", "faster_rcnn", 1e-3),
    "detection_fcos": _short("few_boxes", "detection", "fcos", 1e-3),
    "detection_rt_detr": _short("few_boxes", "detection", "rt_detr", 3e-4),
    "instance_segmentation": Pinned(
        data="outlines",
        recipe=_recipe(_stages({"epochs": 2}, {"epochs": 7}), task={"kind": "instance_segmentation"}, **_OBJECTS),
    ),
    "mask_rcnn": _short("few_outlines", "instance_segmentation", "mask_rcnn", 1e-3),
}


def make_data(root: Path) -> None:
    """Write every data set anew; the bytes are always the same."""
    shutil.rmtree(root, ignore_errors=True)
    rng = np.random.default_rng(7)
    _shapes(root / "shapes", rng)
    _scenes(root / "scenes", rng)
    _yolo(root / "boxes", rng, (12, 4, 4))
    _yolo(root / "few_boxes", rng, (4, 2, 2))
    _coco(root / "outlines", rng, (12, 4, 4))
    _coco(root / "few_outlines", rng, (4, 2, 2))
    for number, (height, width) in enumerate(((70, 50), (45, 90), (33, 33))):  # of shapes that nobody trained on
        _write(root / "others" / f"{number}.png", _objects(rng, height, width, 2)[0])


def _write(path: Path, image: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), image):
        raise OSError(f"{path}: cannot be written")


def _objects(rng: np.random.Generator, height: int, width: int, count: int) -> tuple[Picture, Outlined]:
    """Draw bright rings and red triangles on noise.

    Returns:
        image_HW3 in OpenCV's order of colours, and its objects.
    """
    image = rng.integers(0, 60, (height, width, 3), dtype=np.uint8)
    found: Outlined = []
    for place in range(count):
        half, label = int(rng.integers(7, 11)), int(rng.integers(2))
        x, y = 14 + 26 * place, int(rng.integers(12, height - 12))
        mask = np.zeros((height, width), np.uint8)
        if label:
            cv2.fillPoly(mask, [_triangle(x, y, half)], (1,))
        else:
            cv2.circle(mask, (x, y), half, (1,), -1)
            cv2.circle(mask, (x, y), half // 2, (0,), -1)
        image[mask > 0] = (20, 20, 220) if label else (230, 210, 190)
        found.append((label, mask))
    return image, found


def _triangle(x: int, y: int, half: int) -> NDArray[np.int32]:
    return np.array([[x - half, y + half], [x + half, y + half], [x - half, y - half]], np.int32)


def _box(mask: Picture) -> tuple[int, int, int, int]:
    x, y, width, height = cv2.boundingRect(mask)
    return x, y, width, height


def _shapes(root: Path, rng: np.random.Generator) -> None:
    """Write a folder of pictures for each class, one class with fewer."""
    for label, name in enumerate((*NAMES, "nothing")):
        for number in range(16 if label else 12):
            image, mask = rng.integers(0, 90, (48, 48, 3), dtype=np.uint8), np.zeros((48, 48), np.uint8)
            x, y, half = (int(value) for value in rng.integers((18, 18, 9), (30, 30, 15)))
            if name == "ring":
                cv2.circle(mask, (x, y), half, (1,), 3)
            elif name == "triangle":
                cv2.fillPoly(mask, [_triangle(x, y, half)], (1,))
            image[mask > 0] = rng.integers(140, 255, 3)
            _write(root / name / f"{number:02}.png", image)


def _scenes(root: Path, rng: np.random.Generator) -> None:
    """Write images/ and masks/ of discs on a ground, with a border that nobody labelled."""
    for number in range(16):
        image, mask = rng.integers(0, 90, (40, 48, 3), dtype=np.uint8), np.zeros((40, 48), np.uint8)
        x, y = (int(value) for value in rng.integers(12, 28, 2))
        cv2.circle(mask, (x, y), 9, (1,), -1)
        image[mask > 0] = (230, 210, 190)
        mask[:2] = 255
        _write(root / "images" / f"{number:02}.png", image)
        _write(root / "masks" / f"{number:02}.png", mask)
    (root / "classes.txt").write_text("ground\ndisc\n")


def _yolo(root: Path, rng: np.random.Generator, counts: tuple[int, int, int]) -> None:
    """Write images/, labels/ and a data.yaml; the first picture of each part shows nothing."""
    for part, count in zip(PARTS, counts, strict=True):
        (root / "labels" / part).mkdir(parents=True)
        for number in range(count):
            image, objects = _objects(rng, 64, 80, number % 3 + (number != 0))
            rows = []
            for label, mask in objects:
                x, y, width, height = _box(mask)
                rows.append(f"{label} {(x + width / 2) / 80} {(y + height / 2) / 64} {width / 80} {height / 64}\n")
            (root / "labels" / part / f"{number:02}.txt").write_text("".join(rows))
            _write(root / "images" / part / f"{number:02}.png", image)
    parts = "".join(f"{part}: images/{part}\n" for part in PARTS)
    (root / "data.yaml").write_text(f"{parts}names: [{', '.join(NAMES)}]\n")


def _coco(root: Path, rng: np.random.Generator, counts: tuple[int, int, int]) -> None:
    """Write a folder of pictures and outlines for each part: rings as run lengths, triangles as polygons."""
    for part, count in zip(("train", "valid", "test"), counts, strict=True):
        images, annotations = [], []
        for number in range(count):
            image, objects = _objects(rng, 64, 80, number % 3 + (number != 0))
            images.append({"id": number, "file_name": f"{number:02}.png", "width": 80, "height": 64})
            annotations += [_annotation(number, label, mask) for label, mask in objects]
            _write(root / part / f"{number:02}.png", image)
        for number, annotation in enumerate(annotations):
            annotation["id"] = number
        categories = [{"id": 3 + 4 * label, "name": name} for label, name in enumerate(NAMES)]
        data = {"images": images, "annotations": annotations, "categories": categories}
        (root / part / "_annotations.coco.json").write_text(json.dumps(data))


def _annotation(image: int, label: int, mask: Picture) -> dict[str, Any]:
    if label:
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        segmentation: Any = [contours[0].astype(float).ravel().tolist()]
    else:
        flat = np.concatenate([[0], mask.astype(np.int8).ravel(order="F"), [2]])
        starts = np.concatenate([[0], np.flatnonzero(np.diff(flat))])
        segmentation = {"size": list(mask.shape), "counts": np.diff(starts).tolist()}
    return {
        "image_id": image,
        "category_id": 3 + 4 * label,
        "bbox": list(_box(mask)),
        "segmentation": segmentation,
        "iscrowd": 0,
    }
