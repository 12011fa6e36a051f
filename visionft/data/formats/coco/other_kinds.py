"""COCO files that are not about objects, and what can be done with them."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from visionft.data.formats.coco.sniff import kind_of
from visionft.data.naming import some
from visionft.errors import DataError

_LOOKED_AT = 1000


def require_objects(annotations: list[Any], path: Path) -> None:
    """Check that the annotations of a file are about objects.

    Args:
        annotations: as the file has them.
        path: the file, beside which others may be better.

    Raises:
        DataError: with what to do, when they are captions, keypoints, panoptic segments or labels of images.
    """
    first = [item for item in islice(annotations, _LOOKED_AT) if isinstance(item, Mapping)]
    if not first or any(item.get("bbox") or item.get("segmentation") for item in first):
        return
    keys = {key for item in first for key, value in item.items() if value}
    if "segments_info" in keys:
        what = "panoptic segments, whose pixels are in PNG files of their own, as colours that stand for ids"
        advice = (
            "write a mask of class numbers for each picture into masks/ beside images/, and give the folder of both"
        )
    elif "caption" in keys:
        what, advice = "captions, from which no task of visionft learns", ""
    elif "keypoints" in keys:
        what = "keypoints without boxes, and no task of visionft learns keypoints"
        advice = "give each annotation a bbox [left, top, width, height] to detect the objects"
    elif "category_id" in keys:
        what = "categories of whole images, without a box or an outline"
        advice = 'for labels of images give a CSV with the columns "path,labels"'
    else:
        return
    beside = [
        other.name for other in sorted(path.parent.glob("*.json")) if other != path and kind_of(other) == "objects"
    ]
    instead = f"give {some(beside)} instead, which has objects" if beside else advice
    raise DataError(f"{path}: its annotations are {what}" + (f"; {instead}" if instead else ""))
