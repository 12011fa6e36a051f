"""Small data sets of boxes, made for one test. Every picture is 12 x 10 pixels."""

import json

from tests.data.folders import write_image

CATEGORIES = [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}]


def told(found):
    return [str(problem) for problem in found.problems]


def write_coco(path, annotations, images=1, categories=CATEGORIES, size=(12, 10), first=1):
    """Write pictures 1.png, 2.png, ... and the file of their boxes, given as (image, category, bbox) or whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = range(first, first + images)
    for number in numbers:
        write_image(path.parent / f"{number}.png", number)
    whole = [
        item
        if isinstance(item, dict)
        else {"id": at, "image_id": item[0], "category_id": item[1], "bbox": item[2], "iscrowd": 0}
        for at, item in enumerate(annotations, start=1)
    ]
    listed = [{"id": number, "file_name": f"{number}.png", "width": size[0], "height": size[1]} for number in numbers]
    path.write_text(json.dumps({"images": listed, "annotations": whole, "categories": categories}))
    return path


def write_yolo(root, labels, yaml="train: images/train\nval: images/val\nnames: [cat, dog]\n"):
    """Write pictures below images/ and their label files below labels/, None for no label file."""
    for number, (name, text) in enumerate(labels.items()):
        write_image(root / "images" / f"{name}.png", number)
        if text is not None:
            file = root / "labels" / f"{name}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    if yaml is not None:
        (root / "data.yaml").write_text(yaml)
    return root


def write_voc(root, objects, lists=None, size=(12, 10), xml="Annotations", images="JPEGImages"):
    """Write pictures and XML files, objects given as (name, corners, further tags)."""
    for number, (name, several) in enumerate(objects.items()):
        write_image(root / images / f"{name}.png", number)
        file = root / xml / f"{name}.xml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(annotation(several, size))
    for name, stems in (lists or {}).items():
        file = root / "ImageSets/Main" / f"{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(stems))
    return root


def annotation(objects, size=(12, 10)):
    parts = [
        f"<object><name>{name}</name>{''.join(more)}<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin>"
        f"<xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>"
        for name, box, *more in objects
    ]
    sides = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    return f"<annotation><path>/home/author/secret.png</path>{sides}{''.join(parts)}</annotation>"
