"""What a prediction of objects with their pixels says.

Shape suffixes: H height, W width, 3 colours (RGB), N objects, 6 left, top, right, bottom, score and class index.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import compress
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.rle import encode
from visionft.imaging import paint_objects
from visionft.imaging.inputs import Image
from visionft.spec import ModelSpec
from visionft.tasks.objects.prediction import Detection


@dataclass(frozen=True, slots=True, eq=False)
class Instances(Detection):
    """The objects in one image with their pixels, by falling score; what is not said here is as in ``Detection``.

    Attributes:
        masks: the pixels of each object; ``masks[0].whole(size)`` is the mask_HW of the first.
    """

    masks: tuple[ObjectMask, ...]

    @classmethod
    def of(
        cls,
        detections_N6: NDArray[np.float32],
        size: tuple[int, int],
        spec: ModelSpec,
        masks: Sequence[ObjectMask] = (),
    ) -> "Instances":
        """Combine the results of ``detect_instances`` with names, thresholds and colours of the model."""
        if len(masks) != len(detections_N6):
            raise ValueError(f"{len(detections_N6)} detections and {len(masks)} masks")
        detection = Detection.of(detections_N6, size, spec)
        return cls(**{field.name: getattr(detection, field.name) for field in fields(detection)}, masks=tuple(masks))

    def _only(self, kept_N: NDArray[np.bool_]) -> Self:
        # slots make another class of this one, of which super() knows nothing
        return replace(Detection._only(self, kept_N), masks=tuple(compress(self.masks, kept_N)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold: those of ``Detection`` and, for each object, its pixels.

        These are written as in COCO's results: ``segmentation`` holds the image's ``size``, height first, and the
        compressed run lengths as ``counts``; ``area`` is the number of pixels.
        """
        plain = Detection.to_dict(self)
        width, height = self.size
        for one, mask in zip(plain["detections"], self.masks, strict=True):
            one["area"] = mask.area
            one["segmentation"] = {"size": [height, width], "counts": encode(mask, self.size)}
        return plain

    def overlay(self, image: Image, opacity: float = 0.5) -> NDArray[np.uint8]:
        """Return the image with its objects painted over it, and for each a box, its class and score.

        Args:
            image: the image of the prediction: a path, the bytes of a file, or uint8 RGB (H, W, 3) or grey (H, W).
            opacity: of the colours, in [0, 1]; outlines are opaque, so that touching objects stay apart.

        Returns:
            uint8 RGB of the image's size.

        Raises:
            DataError: the image cannot be used, or is not of the prediction's size.
        """
        colours = [self.palette[label] for label in self.labels_N.tolist()]
        return Detection.overlay(self, paint_objects(self._pixels_of(image), self.masks, colours, opacity))
