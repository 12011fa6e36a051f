"""What predictions need to go to other libraries and to come back: supervision's objects, and COCO's dicts.

Shape suffixes: H height, W width, N objects, 4 left, top, right, bottom; 6 these, score and class index.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.rle import encode
from visionft.errors import DataError, MissingExtra

Colours = tuple[tuple[int, int, int], ...]


def supervision() -> Any:
    """Return the package ``supervision``.

    Raises:
        MissingExtra: when it is not installed.
    """
    try:
        return import_module("supervision")
    except ModuleNotFoundError as error:
        raise MissingExtra("supervision", "supervision", "giving predictions to supervision") from error


def class_ids(detections: Any, class_names: Sequence[str]) -> NDArray[np.int64]:
    """Return the class index of each row of an object of supervision.

    Raises:
        DataError: when it has none, or one that is no class.
    """
    if detections.class_id is None:
        if len(detections):
            raise DataError("supervision: its detections have no class_id; give each the index of its class")
        return np.zeros(0, np.int64)
    labels_N = np.asarray(detections.class_id, np.int64)
    if len(labels_N) and not 0 <= labels_N.min() <= labels_N.max() < len(class_names):
        raise DataError(f"supervision: class_id goes up to {labels_N.max()}; there are {len(class_names)} class names")
    return labels_N


def masks_of(detections: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return masks_NHW of detections of supervision, for an image of (width, height).

    Raises:
        DataError: when there are none, or they are of another size.
    """
    if detections.mask is None and len(detections):
        raise DataError("supervision: its detections have no masks")
    masks_NHW = np.asarray(detections.mask if len(detections) else np.zeros((0, size[1], size[0])), np.bool_)
    if masks_NHW.shape[1:] != (size[1], size[0]):
        raise DataError(
            f"supervision: masks of shape {masks_NHW.shape[1:]}; the image has {size[1]} rows and {size[0]} columns"
        )
    return masks_NHW


def annotation(
    label: int, box_4: Sequence[float], *, image_id: int | str, number: int, area: float, score: float | None = None
) -> dict[str, Any]:
    """Return an object as COCO writes it.

    Args:
        label: class index; categories are counted from 1 in class order, as ``visionft convert`` does.
        box_4: (left, top, right, bottom) in pixels.
        image_id: of its image.
        number: of the annotation.
        area: in square pixels.
        score: in (0, 1], where there is one.
    """
    left, top, right, bottom = box_4
    plain = {
        "id": number,
        "image_id": image_id,
        "category_id": label + 1,
        "bbox": [left, top, right - left, bottom - top],
        "area": area,
        "iscrowd": 0,
    }
    return plain if score is None else {**plain, "score": score}


def run_lengths(mask: ObjectMask, size: tuple[int, int]) -> dict[str, Any]:
    """Return a mask as COCO writes it: the size of its image, height first, and the compressed run lengths."""
    return {"size": [size[1], size[0]], "counts": encode(mask, size)}


def label_of(annotation: Mapping[str, Any], class_names: Sequence[str]) -> int:
    """Return the class index of an annotation of COCO.

    Raises:
        DataError: when its category is none of the classes, which are counted from 1.
    """
    category = annotation.get("category_id")
    if type(category) is not int or not 1 <= category <= len(class_names):
        raise DataError(
            f"annotation {annotation.get('id')}: category_id {category!r}; the classes are 1 to {len(class_names)}"
        )
    return category - 1


def rows_of_coco(annotations: Iterable[Mapping[str, Any]], class_names: Sequence[str]) -> NDArray[np.float32]:
    """Return detections_N6 of annotations of COCO; one without a score has 1.

    Raises:
        DataError: when the box of one is no box, or its category no class.
    """
    rows = []
    for one in annotations:
        try:
            left, top, width, height = map(float, one["bbox"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"annotation {one.get('id')}: bbox {one.get('bbox')!r}; [x, y, width, height] is needed"
            ) from error
        rows.append((left, top, left + width, top + height, one.get("score", 1.0), label_of(one, class_names)))
    return np.array(rows, np.float32).reshape(-1, 6)


def rows_of_supervision(detections: Any, class_names: Sequence[str]) -> NDArray[np.float32]:
    """Return detections_N6 of ``supervision.Detections``; without confidence, all have 1.

    Raises:
        DataError: when its classes are not these.
    """
    labels_N = class_ids(detections, class_names)
    scores_N = np.ones(len(labels_N)) if detections.confidence is None else detections.confidence
    boxes_N4 = np.asarray(detections.xyxy).reshape(-1, 4)
    return np.column_stack([boxes_N4, scores_N, labels_N]).astype(np.float32)


def mask_of(annotation: Mapping[str, Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return mask_HW of an annotation of COCO, from polygons or run lengths, for an image of (width, height).

    Raises:
        DataError: when it cannot be read.
    """
    from visionft.data.formats.coco.regions import make_region  # reading needs more than predicting

    mask_HW = np.zeros((size[1], size[0]), np.uint8)
    try:
        make_region(annotation.get("segmentation"), 1, size[1], size[0]).paint(mask_HW)
    except DataError as error:
        raise DataError(f"annotation {annotation.get('id')}: {error}") from error
    return mask_HW > 0
