"""Generated instance segmentations for the metric tests, painted with slices, and pycocotools as the judge of them.

Shape suffixes: H, W rows and columns of an image, N detections, M objects.
"""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from pycocotools import mask as coco

from tests.tasks.objects.detections import evaluated
from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.polygons import Polygon
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons

SIZE = (170, 140)


class Masked(NamedTuple):
    """Detections and objects of one image of ``SIZE``; ``pixels`` are the objects' own, None of unknown outline."""

    found_N6: np.ndarray
    masks: list[ObjectMask]
    boxes: Boxes
    pixels: list[np.ndarray | None]


def ring(left, top, right, bottom, *, hole=False):
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    return (corners[::-1] if hole else corners).tobytes()


def painted(left, top, right, bottom, size=SIZE):
    pixels_HW = np.zeros(size[::-1], np.uint8)
    pixels_HW[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 1
    return pixels_HW


def shape(rng, side):
    """Return the box, outline and pixels of an object of whole numbers, which may reach beyond the image."""
    left, top = (int(value) for value in rng.integers(-10, [SIZE[0] - 10, SIZE[1] - 10]))
    width, height = (int(value) for value in rng.integers(4, max(5, side), 2))
    box = (left, top, left + width, top + height)
    inner = (left + width // 4, top + height // 4, left + width // 2, top + height // 2)
    beside = (box[2] - 1, top + height // 2, box[2] + 3, box[3])
    match rng.integers(3):
        case 0:
            rings, pixels = (ring(*box),), painted(*box)
        case 1:
            rings, pixels = (ring(*box), ring(*inner, hole=True)), painted(*box) & ~painted(*inner) & 1
        case _:
            rings, pixels = (ring(*box), ring(*beside)), painted(*box) | painted(*beside)
            box = (left, top, box[2] + 3, box[3])
    return box, rings, pixels


def part(pixels_HW):
    """Return the mask of a whole image's pixels, with a margin so that nothing relies on tight parts."""
    rows, columns = np.flatnonzero(pixels_HW.any(axis=1)), np.flatnonzero(pixels_HW.any(axis=0))
    if not len(rows):
        return ObjectMask(3, 2, np.zeros((4, 5), bool))
    top, left = max(0, rows[0] - 2), max(0, columns[0] - 1)
    return ObjectMask(int(left), int(top), pixels_HW[top : rows[-1] + 2, left : columns[-1] + 4] > 0)


def disturbed(rng, pixels_HW):
    """Return pixels shifted a little, and now and then without some rows, or without any."""
    shift = tuple(int(value) for value in rng.integers(-3, 4, 2)) if rng.random() < 0.7 else (0, 0)
    moved = np.roll(pixels_HW, shift, axis=(0, 1))
    if rng.random() < 0.3:
        moved[:: int(rng.integers(2, 9))] = 0
    return moved * (rng.random() > 0.08)


def masked(rng, classes, objects=6, detections=12, *, ties=False, unknown=0.15, crowds=0.1, side=60):
    """Return an image in which some objects are found well, some poorly, some twice and some not at all."""
    shapes = [shape(rng, side) for _ in range(int(rng.integers(0, objects + 1)))]
    count = len(shapes)
    labels = rng.integers(0, classes, count).tolist()
    known = [bool(pixels.any()) and rng.random() >= unknown for _, _, pixels in shapes]
    boxes = Polygons(
        tuple(tuple(map(float, box)) for box, _, _ in shapes),
        tuple(labels),
        tuple((rng.random(count) < crowds).tolist()),
        # an outline beyond the image is given, and of no use
        tuple(
            Polygon(rings if is_known or not pixels.any() else ())
            for (_, rings, pixels), is_known in zip(shapes, known, strict=True)
        ),
    )
    rows, masks = [], []
    for _ in range(int(rng.integers(0, detections + 1))):
        m = int(rng.integers(count)) if count and rng.random() < 0.8 else None
        box, _, pixels = shapes[m] if m is not None else shape(rng, side)
        label = labels[m] if m is not None and rng.random() < 0.85 else int(rng.integers(classes))
        score = rng.integers(1, 4) / 4 if ties else rng.uniform(0.005, 1)
        rows.append([*(np.array(box) + rng.normal(0, 1, 4) * [-1, -1, 1, 1]), score * (rng.random() > 0.1), label])
        masks.append(part(disturbed(rng, pixels)))
    pixels = [pixels if is_known else None for (_, _, pixels), is_known in zip(shapes, known, strict=True)]
    return Masked(np.array(rows, np.float32).reshape(-1, 6), masks, boxes, pixels)


def masked_images(seed, classes, images, **options):
    """Return several images."""
    rng = np.random.default_rng(seed)
    return [masked(rng, classes, **options) for _ in range(images)]


@st.composite
def masked_lists(draw, classes=3, **options):
    """Draw a few images; often with ties, crowds, unknown outlines, without objects or detections."""
    choices = {
        "objects": draw(st.sampled_from([0, 1, 6])),
        "detections": draw(st.sampled_from([0, 2, 14])),
        "ties": draw(st.booleans()),
        "unknown": draw(st.sampled_from([0.0, 0.3])),
        "crowds": draw(st.sampled_from([0.0, 0.3])),
        "side": draw(st.sampled_from([12, 60, 130])),
    }
    seed, several = draw(st.integers(0, 2**32 - 1)), draw(st.integers(1, 4))
    return masked_images(seed, draw(st.integers(1, classes)), several, **(choices | options))


def box_pixels(box):
    """Return the pixels whose centre lies in a box."""
    left, top, right, bottom = box
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    return ((x > left) & (x < right) & (y > top) & (y < bottom)).astype(np.uint8)


def whole(mask):
    """Return a part as the whole image's pixels."""
    pixels_HW = np.zeros(SIZE[::-1], np.uint8)
    rows, columns = mask.pixels_hw.shape
    pixels_HW[mask.top : mask.top + rows, mask.left : mask.left + columns] = mask.pixels_hw
    return pixels_HW


def judge_masks(images, classes):
    """Return pycocotools' evaluation of the images' masks; an unknown outline is a crowd where the box is."""
    annotations, results = [], []
    for number, (found_N6, masks, boxes, pixels) in enumerate(images, start=1):
        for place, own in enumerate(pixels):
            filled = box_pixels(boxes.xyxy[place]) if own is None else own
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": boxes.labels[place] + 1,
                    "segmentation": coco.encode(np.asfortranarray(filled)),
                    "area": int(filled.sum()),
                    "iscrowd": int(own is None or boxes.crowd[place]),
                }
            )
        for (*_, score, label), mask in zip(found_N6.astype(np.float64).tolist(), masks, strict=True):
            if score > 0:
                segmentation = coco.encode(np.asfortranarray(whole(mask)))
                results.append(
                    {"image_id": number, "category_id": int(label) + 1, "segmentation": segmentation, "score": score}
                )
    numbered = [{"id": number, "width": SIZE[0], "height": SIZE[1]} for number in range(1, len(images) + 1)]
    return evaluated(annotations, results, numbered, classes, "segm")
