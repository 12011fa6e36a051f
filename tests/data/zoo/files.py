"""Tiny files of every kind that tools write; all pictures are 12 x 10 pixels, and each has a content of its own."""

import json
from functools import cache
from io import BytesIO
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np
from PIL import Image

SIZE = (12, 10)


def picture(path: Path, *more: Path) -> Path:
    """Write a picture whose content follows from its path below the test's folder, and the same elsewhere if asked."""
    content = crc32("/".join(path.parts[-5:]).encode())
    pixels = np.random.default_rng(content).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    for file in (path, *more):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(cv2.imencode(file.suffix, pixels)[1].tobytes())
    return path


def pictures(folder: Path, count: int, name: str = "{}.jpg", first: int = 0) -> list[Path]:
    """Write numbered pictures into a folder."""
    return [picture(folder / name.format(number)) for number in range(first, first + count)]


def classes(root: Path, *names: str, count: int = 3, name: str = "{}.jpg") -> None:
    """Write a folder of pictures for each class."""
    for one in names:
        pictures(root / one, count, name)


def mask(path: Path, values: tuple[int, ...] = (0, 255)) -> Path:
    """Write a grey mask in which the values fill the rows in turn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_mask(path.suffix, tuple(values)))
    return path


@cache
def _mask(ending: str, values: tuple[int, ...]) -> bytes:
    rows = np.array(values, np.uint8)[np.arange(SIZE[1]) % len(values)]
    pixels = np.repeat(rows[:, None], SIZE[0], axis=1)
    if ending == ".gif":  # whose writer in OpenCV changes values
        file = BytesIO()
        Image.fromarray(pixels).save(file, "GIF")
        return file.getvalue()
    return cv2.imencode(ending, pixels)[1].tobytes()


def text(path: Path, content: str = "x") -> Path:
    """Write a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def yolo(path: Path, *objects: int) -> Path:
    """Write a YOLO label file with a box for each class index given."""
    return text(path, "".join(f"{index} 0.5 0.5 0.5 0.5\n" for index in objects))


def voc(path: Path, file_name: str, *objects: str) -> Path:
    """Write a Pascal VOC file with a box for each class name given."""
    boxes = "".join(
        f"<object><name>{name}</name><difficult>0</difficult>"
        "<bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>8</ymax></bndbox></object>"
        for name in objects
    )
    size = "<size><width>12</width><height>10</height><depth>3</depth></size>"
    return text(path, f"<annotation><filename>{file_name}</filename>{size}{boxes}</annotation>")


def coco(path: Path, images: dict[str, tuple[int, ...]], names=("cat", "dog"), *, polygons=False, **extra) -> Path:
    """Write a COCO file: file name -> category ids of its objects, which count from 1."""
    listed, annotations = [], []
    for number, (file_name, categories) in enumerate(images.items(), start=1):
        listed.append({"id": number, "file_name": file_name, "width": SIZE[0], "height": SIZE[1]})
        for category in categories:
            one = {"id": len(annotations) + 1, "image_id": number, "category_id": category, "bbox": [2, 2, 6, 5]}
            one |= {"area": 30, "iscrowd": 0, "segmentation": [[2, 2, 8, 2, 8, 7, 2, 7]] if polygons else []}
            annotations.append(one)
    categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
    return text(path, json.dumps({"images": listed, "annotations": annotations, "categories": categories} | extra))
