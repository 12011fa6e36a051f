"""What a prediction of objects with their pixels says.

Shape suffixes: H height, W width, 3 colours (RGB), N objects, 6 left, top, right, bottom, score and class index.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.imaging import paint_objects
from visionft.imaging.inputs import Image
from visionft.spec import ModelSpec
from visionft.tasks.exchange import Colours, mask_of, masks_of, rows_of_coco, rows_of_supervision, run_lengths
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

    def _only(self, rows_M: NDArray[np.int64]) -> Self:
        # slots make another class of this one, of which super() knows nothing
        return replace(Detection._only(self, rows_M), masks=tuple(self.masks[row] for row in rows_M.tolist()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold: those of ``Detection`` and, for each object, its pixels.

        These are written as in COCO's results: ``segmentation`` holds the image's ``size``, height first, and the
        compressed run lengths as ``counts``; ``area`` is the number of pixels.
        """
        plain = Detection.to_dict(self)
        for one, mask in zip(plain["detections"], self.masks, strict=True):
            one["area"] = mask.area
            one["segmentation"] = run_lengths(mask, self.size)
        return plain

    def overlay(self, image: Image, opacity: float = 0.5) -> NDArray[np.uint8]:
        """Return the image with its objects painted over it, and for each a box, its class and score.

        Args:
            image: the image of the prediction, in any form that a predictor takes.
            opacity: of the colours, in [0, 1]; outlines are opaque, so that touching objects stay apart.

        Returns:
            uint8 RGB of the image's size.

        Raises:
            DataError: the image cannot be used, or is not of the prediction's size.
        """
        colours = [self.palette[label] for label in self.labels_N.tolist()]
        return Detection.overlay(self, paint_objects(self._pixels_of(image), self.masks, colours, opacity))

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """Return what ``Detection.to_numpy`` does, and ``masks`` (NHW bool)."""
        width, height = self.size
        masks_NHW = np.array([mask.whole(self.size) for mask in self.masks], np.bool_).reshape(-1, height, width)
        return {**Detection.to_numpy(self), "masks": masks_NHW}

    def to_coco(self, image_id: int | str = 0, first: int = 1) -> list[dict[str, Any]]:
        """Return what ``Detection.to_coco`` does, with the pixels of each object as run lengths, and their number."""
        plain = Detection.to_coco(self, image_id, first)
        return [
            {**one, "area": mask.area, "segmentation": run_lengths(mask, self.size)}
            for one, mask in zip(plain, self.masks, strict=True)
        ]

    @classmethod
    def from_coco(
        cls,
        annotations: Sequence[Mapping[str, Any]],
        size: tuple[int, int],
        class_names: Sequence[str],
        palette: Colours = (),
    ) -> Self:
        """Read annotations of COCO with polygons or run lengths; see ``Detection.from_coco``."""
        masks = [ObjectMask.of(mask_of(one, size)) for one in annotations]
        return cls._read(rows_of_coco(annotations, class_names), size, class_names, palette, masks=masks)

    def to_supervision(self) -> Any:
        """Return ``supervision.Detections`` with masks; see ``Detection.to_supervision``."""
        detections = Detection.to_supervision(self)
        detections.mask = self.to_numpy()["masks"]
        return detections

    @classmethod
    def from_supervision(
        cls, detections: Any, size: tuple[int, int], class_names: Sequence[str], palette: Colours = ()
    ) -> Self:
        """Read ``supervision.Detections`` with masks; see ``Detection.from_supervision``."""
        masks = [ObjectMask.of(mask_HW) for mask_HW in masks_of(detections, size)]
        return cls._read(rows_of_supervision(detections, class_names), size, class_names, palette, masks=masks)
