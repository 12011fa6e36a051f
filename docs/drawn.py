"""Small data sets that are drawn: plants with their sizes, and nuclei with their outlines.

The pictures of the documentation and the tests of its commands are made with them. Nothing in them is anybody's.
"""

import csv
import json
from pathlib import Path

import cv2
import numpy as np


def plants(folder: Path, count: int, side: int = 256, seed: int = 0) -> Path:
    """Draw potted plants and list them.

    Args:
        folder: where the pictures go, which must not exist; the table is written beside it, with the folder's name.
        count: number of pictures.
        side: of a picture in pixels.
        seed: of everything random.

    Returns:
        The CSV with the columns ``path``, ``weight [g]`` and ``height [cm]``.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        image, weight, height = _plant(rng)
        name = f"{number:03}.jpg"
        cv2.imwrite(str(folder / name), cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))
        rows.append((f"{folder.name}/{name}", f"{weight:.1f}", f"{height:.1f}"))
    table = folder.with_suffix(".csv")
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "weight [g]", "height [cm]"), *rows])
    return table


def _plant(rng: np.random.Generator) -> tuple[np.ndarray, float, float]:
    """Return a picture of 256 x 256, the weight in g and the height in cm."""
    image = np.full((256, 256, 3), rng.uniform(200, 235, 3), np.float32)
    image += rng.normal(0, 6, image.shape)
    green = rng.uniform((30, 110, 30), (70, 170, 80))
    length, pairs = rng.uniform(50, 180), int(rng.integers(1, 6))
    foot = np.array([128 + rng.uniform(-15, 15), 218])
    top = foot + np.array([rng.uniform(-18, 18), -length])
    cv2.line(image, tuple(map(int, foot)), tuple(map(int, top)), (green * 0.7).tolist(), 4, cv2.LINE_AA)
    area = 0.0
    for level in np.linspace(0.3, 1.0, pairs):
        for side in (-1, 1):
            long, wide = rng.uniform(14, 34), rng.uniform(6, 13)
            centre = foot + (top - foot) * level + (side * long * 0.9, -4)
            turn = -side * rng.uniform(5, 35)
            shade = (green * rng.uniform(0.8, 1.2)).tolist()
            cv2.ellipse(image, (centre.tolist(), (2 * long, 2 * wide), turn), shade, -1, cv2.LINE_AA)
            area += np.pi * long * wide
    pot = np.array([[92, 210], [164, 210], [154, 250], [102, 250]])
    cv2.fillPoly(image, [pot], rng.uniform((40, 70, 140), (80, 110, 190)).tolist(), cv2.LINE_AA)
    return image.clip(0, 255).astype(np.uint8), area / 250 + length / 20, length / 5


def nuclei(folder: Path, count: int, side: int = 256, seed: int = 0) -> Path:
    """Draw bright cell nuclei on a dark ground, some of them touching, with their outlines.

    Args:
        folder: where the pictures go, which must not exist; the annotations are written beside it, with its name.
        count: number of pictures.
        side: of a picture in pixels; nuclei are 12 to 30 pixels wide.
        seed: of everything random.

    Returns:
        The JSON in COCO's format.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    images, annotations = [], []
    for number in range(count):
        image = np.full((side, side), 12, np.float32)
        taken = np.zeros((side, side), np.uint8)
        for _ in range(max(2, side * side // 2500)):
            centre, axes = rng.uniform(8, side - 8, 2), rng.uniform(6, 15, 2)
            ring = cv2.ellipse2Poly(tuple(map(int, centre)), tuple(map(int, axes)), int(rng.integers(180)), 0, 360, 15)
            mask = cv2.fillPoly(np.zeros_like(taken), [ring], 1)
            if (mask & taken).sum() > 0.05 * mask.sum():
                continue
            taken |= mask
            image += cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.2) * rng.uniform(70, 190)
            x, y, width, height = cv2.boundingRect(ring)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number + 1,
                    "category_id": 1,
                    "bbox": [x, y, width, height],
                    "segmentation": [ring[:-1].astype(float).ravel().tolist()],
                    "area": int(mask.sum()),
                    "iscrowd": 0,
                }
            )
        grain = cv2.GaussianBlur(rng.normal(1, 0.5, image.shape).astype(np.float32), (0, 0), 1.5)
        image = image * grain + rng.normal(0, 4, image.shape)
        name = f"{folder.name}/{number:03}.png"
        cv2.imwrite(str(folder.parent / name), image.clip(0, 255).astype(np.uint8))
        images.append({"id": number + 1, "file_name": name, "width": side, "height": side})
    path = folder.with_suffix(".json")
    data = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "nucleus"}]}
    path.write_text(json.dumps(data), encoding="utf-8")
    return path
