"""Samples with each kind of target, and all there is of batches, for comparing those who give them."""

from dataclasses import dataclass

import cv2
import numpy as np

from tests.data.samples import objects
from visionft.annotations.marks import IGNORE
from visionft.annotations.polygons import Polygon
from visionft.batch import InstanceTargets
from visionft.data.records import Sample
from visionft.data.targets.label import Label
from visionft.data.targets.mask import Mask

KINDS = ("labels", "masks", "boxes", "outlines")


@dataclass(frozen=True)
class Stripes:
    """A mask of an image of (width, height), different for each number."""

    size: tuple[int, int]
    number: int

    def read(self):
        width, height = self.size
        mask_HW = ((np.arange(height)[:, None] // 3 + np.arange(width) // (2 + self.number % 5)) % 3).astype(np.uint8)
        mask_HW[: self.number % 4] = IGNORE
        return mask_HW


def make_samples(folder, kind, number, size=(90, 60)):
    """Write so many JPEGs (each fifth a PNG) of different sizes, with targets; some of the objects are crowds."""
    made = []
    for index in range(number):
        rng = np.random.default_rng(index)
        width, height = size[0] + index % 7, size[1] - index % 5
        coarse = rng.integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
        path = folder / f"{index:02}.{'png' if index % 5 == 4 else 'jpg'}"
        cv2.imwrite(str(path), cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
        target = _target(kind, index, (width, height), rng)
        made.append(Sample(path.name, path, target, "train", size=(width, height)))
    return made


def _target(kind, index, size, rng):
    if kind == "labels":
        return Label(index % 3)
    if kind == "masks":
        return Mask(Stripes(size, index))
    count = index % 4
    corners = rng.integers(0, (size[0] - 30, size[1] - 25), (count, 2))
    xyxy = tuple((int(x), int(y), int(x) + 28, int(y) + 22) for x, y in corners)
    polygons = tuple(_triangle(box) if number else Polygon() for number, box in enumerate(xyxy))
    labels, crowd = (number % 3 for number in range(count)), (number == 2 for number in range(count))
    return objects(xyxy, labels, crowd, polygons if kind == "outlines" else None)


def _triangle(box):
    left, top, right, bottom = box
    return Polygon((np.array([(left, bottom), (left, top), (right, bottom)], np.float32).tobytes(),))


def everything(batches):
    """Return all there is of some batches, as values that compare."""
    found = []
    for batch in batches:
        targets = batch.targets if isinstance(batch.targets, InstanceTargets) else (batch.targets,)
        arrays = [tensor.cpu().numpy() for tensor in (batch.images_BHW3, *targets)]
        bytes_of = [(array.dtype.str, array.shape, array.tobytes()) for array in arrays]
        found.append((type(batch.targets), bytes_of, batch.ids, batch.params))
    return found
