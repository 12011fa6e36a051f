"""Generated detections for the metric tests, and pycocotools as the judge of them.

Shape suffixes: N detections, M objects, T IoU thresholds.
"""

import contextlib
import io
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from visionft.data.targets.boxes import Boxes


class Scene(NamedTuple):
    """Detections and objects of one image."""

    found_N6: np.ndarray
    boxes: Boxes


def scene(rng, classes, objects=6, detections=12, *, ties=False, crowds=0.1, side=160.0):
    """Return an image in which some objects are found well, some poorly, some twice and some not at all."""
    count = int(rng.integers(0, objects + 1))
    corners, sides = rng.random((count, 2)) * 300, rng.random((count, 2)) * side + 2
    xyxy_M4 = np.concatenate([corners, corners + sides], axis=1).astype(np.float32)
    labels_M = rng.integers(0, classes, count)
    if count > 1 and rng.random() < 0.3:  # two objects that every detection overlaps alike
        xyxy_M4[-1], labels_M[-1] = xyxy_M4[0], labels_M[0]
    rows = []
    for _ in range(int(rng.integers(0, detections + 1))):
        if count and rng.random() < 0.75:
            m = rng.integers(count)
            box = xyxy_M4[m] + rng.normal(0, rng.choice([0, 1, 8]), 4)
            label = labels_M[m] if rng.random() < 0.85 else rng.integers(classes)
        else:
            corner = rng.random(2) * 300
            box, label = np.concatenate([corner, corner + rng.random(2) * side + 2]), rng.integers(classes)
        score = rng.integers(1, 4) / 4 if ties else rng.uniform(0.005, 1)
        rows.append([*np.minimum(box[:2], box[2:] - 1), *box[2:], score, label])
    found_N6 = np.array(rows, np.float32).reshape(-1, 6)
    boxes = Boxes(
        tuple(map(tuple, xyxy_M4.tolist())),
        tuple(labels_M.tolist()),
        tuple((rng.random(count) < crowds).tolist()),
    )
    return Scene(found_N6[np.argsort(-found_N6[:, 4], kind="stable")], boxes)


def scenes(seed, classes, images, **options):
    """Return several images."""
    rng = np.random.default_rng(seed)
    return [scene(rng, classes, **options) for _ in range(images)]


@st.composite
def scene_lists(draw, classes=3):
    """Draw a few images; often with ties, crowds, without objects or detections, or with absent classes."""
    return scenes(
        draw(st.integers(0, 2**32 - 1)),
        draw(st.integers(1, classes)),
        draw(st.integers(1, 5)),
        objects=draw(st.sampled_from([0, 1, 6])),
        detections=draw(st.sampled_from([0, 2, 14])),
        ties=draw(st.booleans()),
        crowds=draw(st.sampled_from([0.0, 0.3])),
        side=draw(st.sampled_from([30.0, 160.0])),
    )


def judge(images, classes, thresholds=None, most=100):
    """Return pycocotools' evaluation of the images, with so many detections of each and class."""
    annotations, results = [], []
    for number, (found_N6, boxes) in enumerate(images, start=1):
        for (left, top, right, bottom), label, crowd in zip(boxes.xyxy, boxes.labels, boxes.crowd, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": label + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "iscrowd": int(crowd),
                }
            )
        for left, top, right, bottom, score, label in found_N6.astype(np.float64).tolist():
            results.append(
                {
                    "image_id": number,
                    "category_id": int(label) + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "score": score,
                }
            )
    numbered = [{"id": number} for number in range(1, len(images) + 1)]
    return evaluated(annotations, results, numbered, classes, "bbox", thresholds, most)


def evaluated(annotations, results, images, classes, kind, thresholds=None, most=100):
    """Return what pycocotools makes of annotations and results of images and classes, both numbered from 1."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": images,
            "categories": [{"id": label + 1, "name": str(label)} for label in range(classes)],
            "annotations": annotations,
        }
        truth.createIndex()
        found = truth.loadRes(results) if results else COCO()
        evaluation = COCOeval(truth, found, kind)
        if thresholds is not None:
            evaluation.params.iouThrs = np.array(thresholds)
        evaluation.params.maxDets = [most]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def mean_of(precision):
    """Average what is defined of a part of pycocotools' table; none where nothing is."""
    defined = precision[precision > -1]
    return defined.mean() if defined.size else None
