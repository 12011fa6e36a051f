"""A small data set in each data format.

A format of another package brings its own: a file or folder of its name, in the folder that VISIONFT_EXAMPLES names.
"""

import json
import os
from pathlib import Path

import pytest

from tests.conftest import SHAPES
from tests.data import drawing_sets
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
    if name == "box_table":
        return box_rows(request.getfixturevalue("box_folder"), root)
    if name.startswith(("labelme", "cvat")):
        return drawn(name, request.getfixturevalue("image_folder"), root)
    examples = Path(os.environ.get("VISIONFT_EXAMPLES", "nowhere"))
    found = sorted(examples.glob(f"{name}*"))
    if not found:
        pytest.skip(f"no example of the format {name} in the folder that VISIONFT_EXAMPLES names")
    return found[0]


def converted(data, to, root, **reading):
    WRITERS[to].write(load_dataset(data, **reading), root, "link")
    return root


def box_rows(data, root):
    """Write a table with a row for each box, and links to the images beside it."""
    found = load_dataset(data)
    rows = ["filename,xmin,ymin,xmax,ymax,class"]
    for sample in found.samples:
        link = root / sample.image.name
        link.symlink_to(sample.image)
        boxes = zip(sample.target.xyxy, sample.target.labels, strict=True)
        rows += [f"{link.name},{','.join(map(str, box))},{found.class_names[label]}" for box, label in boxes]
        rows += [f"{link.name},,,,,"] * (not sample.target.xyxy)
    (root / "boxes.csv").write_text("\n".join(rows))
    return root / "boxes.csv"


def drawn(name, pictures, root):
    """Write what somebody might have drawn on pictures: a box, a polygon or a flag of the name of its shape."""
    ticked = name.endswith("classes")
    polygon = name.endswith(("masks", "polygons"))
    corners = [[1, 1], [15, 1], [15, 12]] if polygon else [[1, 1], [15, 12]]
    images = []
    for shape in SHAPES:
        for path in sorted((pictures / shape).glob("0*.png")):
            link = root / f"{shape}{path.name}"
            link.symlink_to(path)
            if name.startswith("labelme"):
                one = drawing_sets.shape(shape, corners, "polygon" if polygon else "rectangle")
                flags = {"flags": {shape: True}} if ticked else {}
                size = {"imageWidth": None, "imageHeight": None}
                drawing_sets.write_labelme(link.with_suffix(".json"), *([] if ticked else [one]), **flags, **size)
            box = {"label": shape, "xtl": 1, "ytl": 1, "xbr": 15, "ybr": 12}
            points = {"label": shape, "points": ";".join(f"{x},{y}" for x, y in corners)}
            one = ("tag", {"label": shape}) if ticked else ("polygon", points) if polygon else ("box", box)
            images.append(drawing_sets.cvat_image(link.name, one, size=("", "")))
    if name.startswith("cvat"):
        drawing_sets.write_cvat(root / "annotations.xml", *images)
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
