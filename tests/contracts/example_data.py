"""A small data set in each data format.

A format of another package brings its own: a file or folder of its name, in the folder that VISIONFT_EXAMPLES names.
"""

import json
import os
from pathlib import Path

import pytest

from tests.conftest import SHAPES
from visionft.data.dataset import load_dataset
from visionft.data.writers import WRITERS

FOLDERS = {
    "coco": "outline_folder",
    "coco_instances": "outline_folder",
    "coco_labels": "outline_folder",
    "coco_masks": "outline_folder",
    "folder": "image_folder",
    "masks": "mask_folder",
    "yolo": "box_folder",
    "yolo_labels": "box_folder",
}
"""Formats of what fixtures make."""


def write_example(name, request, root: Path) -> Path:
    """Return data of a format, written below a folder where no fixture has them."""
    if name in FOLDERS:
        return request.getfixturevalue(FOLDERS[name])
    if name in ("voc", "voc_labels"):
        return converted(request.getfixturevalue("box_folder"), "voc", root)
    if name == "yolo_outlines":
        return converted(request.getfixturevalue("outline_folder"), "yolo", root, format="coco_instances")
    if name in ("label_file", "elpv", "elpv_probability", "manifest", "label_table", "values"):
        return listed(name, request.getfixturevalue("image_folder"), root)
    examples = Path(os.environ.get("VISIONFT_EXAMPLES", "nowhere"))
    found = sorted(examples.glob(f"{name}*"))
    if not found:
        pytest.skip(f"no example of the format {name} in the folder that VISIONFT_EXAMPLES names")
    return found[0]


def converted(data, to, root, **reading):
    WRITERS[to].write(load_dataset(data, **reading), root, "link")
    return root


def listed(name, pictures, root):
    """Write a table or a file of what the pictures show, and links to them beside it."""
    files = {f"{shape}{path.stem}.png": shape for shape in SHAPES for path in sorted((pictures / shape).glob("0*.png"))}
    for file, shape in files.items():
        (root / file).symlink_to(pictures / shape / file.removeprefix(shape))
    if name == "label_file":
        (root / "labels.json").write_text(json.dumps({file: [shape, "shape"] for file, shape in files.items()}))
        return root
    if name.startswith("elpv"):
        rows = (f"{file} {number % 4 / 3} mono" for number, file in enumerate(files))
        (root / "labels.csv").write_text("\n".join(rows))
        return root
    header = {"manifest": "path,label", "label_table": "path,labels", "values": "path,width [cm]"}[name]
    cells = {"manifest": "{}", "label_table": "{}|shape", "values": "{:.1f}"}[name]
    rows = (
        f"{file},{cells.format(number / 7 if name == 'values' else shape)}"
        for number, (file, shape) in enumerate(files.items())
    )
    table = root / "table.csv"
    table.write_text("\n".join([header, *rows]))
    return table
