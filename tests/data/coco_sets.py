"""COCO annotation files, made for one test."""

import json

CATEGORIES = [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}]


def box(x, y, right, bottom):
    return [[x, y, right, y, right, bottom, x, bottom]]


CAT = {"id": 1, "image_id": 1, "category_id": 3, "segmentation": box(0, 0, 6, 6)}
DOG = {"id": 2, "image_id": 1, "category_id": 7, "segmentation": box(0, 0, 12, 3), "iscrowd": 0}


def image(number, file_name):
    return {"id": number, "file_name": file_name, "height": 10, "width": 12}


def write_json(path, images, annotations=(CAT, DOG), categories=CATEGORIES):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"images": images, "annotations": list(annotations), "categories": categories}
    path.write_text(json.dumps(data))
    return path
