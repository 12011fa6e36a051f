"""What a prediction says.

Shape suffixes: H height, W width, 3 colours (RGB), K classes, N objects, 4 left, top, right, bottom; 6 these, score and
class index.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import compress
from pathlib import Path
from typing import Any, Self, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.rle import encode
from visionft.errors import DataError
from visionft.imaging import default_palette, draw_boxes, index_png, line_palette, paint, paint_objects
from visionft.predict.images import Image, load_pixels
from visionft.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Classification:
    """The class of one image.

    Attributes:
        label: name of the most probable class.
        index: its place in the model's class names.
        confidence: its probability, in [0, 1].
        probabilities: class name -> probability, in the model's class order.
    """

    label: str
    index: int
    confidence: float
    probabilities: Mapping[str, float]

    @classmethod
    def of(cls, probabilities_K: NDArray[np.float32], class_names: Sequence[str]) -> "Classification":
        """Read one row of probabilities; the first of equal classes wins."""
        named = dict(zip(class_names, probabilities_K.tolist(), strict=True))
        index = int(probabilities_K.argmax())
        return cls(class_names[index], index, named[class_names[index]], named)

    def __str__(self) -> str:
        return f"{self.label}  {self.confidence:.4f}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "label": self.label,
            "index": self.index,
            "confidence": self.confidence,
            "probabilities": dict(self.probabilities),
        }


@dataclass(frozen=True, slots=True, eq=False)  # arrays do not compare to one truth value
class Segmentation:
    """The class of every pixel of one image.

    Attributes:
        mask_HW: uint8 class indices in the frame of the image; 255 where there is no prediction.
        class_names: text for class 0, 1, ...
        palette: colour (RGB, 0..255) of each class.
    """

    mask_HW: NDArray[np.uint8]
    class_names: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, mask_HW: NDArray[np.uint8], spec: ModelSpec) -> "Segmentation":
        """Give a mask the names and colours of its model; a model without colours gets default ones."""
        return cls(mask_HW, spec.class_names, spec.palette or default_palette(spec.class_names))

    @property
    def shares(self) -> dict[str, float]:
        """Class name -> share of the pixels that have a prediction, in the model's class order."""
        counts_K = np.zeros(len(self.class_names), np.int64)
        for row_W in self.mask_HW:  # bincount makes a copy in 8 bytes a pixel
            counts_K += np.bincount(row_W, minlength=256)[: len(counts_K)]
        whole = max(1, int(counts_K.sum()))
        return {name: count / whole for name, count in zip(self.class_names, counts_K.tolist(), strict=True)}

    def __str__(self) -> str:
        largest = sorted(self.shares.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {share:.1%}" for name, share in largest if share)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold: the share of each class and the size, no pixels."""
        height, width = self.mask_HW.shape
        return {"classes": self.shares, "height": height, "width": width}

    def save(self, path: str | Path) -> None:
        """Write the mask as PNG with a palette: programs read class indices, people see colours."""
        Path(path).write_bytes(index_png(self.mask_HW, self.palette))

    def overlay(self, image: Image, opacity: float = 0.5) -> NDArray[np.uint8]:
        """Return the image with the classes painted over it; a class whose colour is black stays clear.

        Args:
            image: the image of the prediction: a path, the bytes of a file, or uint8 RGB (H, W, 3) or grey (H, W).
            opacity: of the colours, in [0, 1]; boundaries between classes are opaque.

        Returns:
            uint8 RGB of the image's size.

        Raises:
            DataError: the image cannot be used, or is not of the mask's size.
        """
        image_HW3 = load_pixels(image)
        if image_HW3.shape[:2] != self.mask_HW.shape:
            height, width = self.mask_HW.shape
            raise DataError(f"image: shape {image_HW3.shape}; the mask is for one of {height} rows and {width} columns")
        return paint(image_HW3, self.mask_HW, self.palette, opacity)

    def save_overlay(self, image: Image, path: str | Path, opacity: float = 0.5) -> None:
        """Write the image with the classes painted over it, as JPEG; arguments and errors as for ``overlay``."""
        Path(path).write_bytes(_jpeg(self.overlay(image, opacity)))


def least_scores(spec: ModelSpec, threshold: float | None = None) -> tuple[float, ...]:
    """Return the score from which on an object of each class counts: the threshold, if given, or the model's own."""
    classes = len(spec.class_names)
    return spec.thresholds or (0.5,) * classes if threshold is None else (threshold,) * classes


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """The objects in one image, by falling score.

    Attributes:
        boxes_N4: float32 (left, top, right, bottom) in pixels of the image, half-open: the whole image is
            (0, 0, width, height).
        scores_N: float32, in (0, 1].
        labels_N: int64 class indices.
        size: (width, height) of the image in pixels.
        class_names: text for class 0, 1, ...
        thresholds: the score from which on an object of each class counts, unless something else is asked for.
        palette: colour (RGB, 0..255) of each class.
    """

    boxes_N4: NDArray[np.float32]
    scores_N: NDArray[np.float32]
    labels_N: NDArray[np.int64]
    size: tuple[int, int]
    class_names: tuple[str, ...]
    thresholds: tuple[float, ...]
    palette: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, detections_N6: NDArray[np.float32], size: tuple[int, int], spec: ModelSpec) -> "Detection":
        """Give the detections of ``detect`` the names, thresholds and colours of their model.

        A model without thresholds gets 0.5 for each class, one without colours gets default ones.
        """
        names = spec.class_names
        return cls(
            boxes_N4=detections_N6[:, :4],
            scores_N=detections_N6[:, 4],
            labels_N=detections_N6[:, 5].astype(np.int64),
            size=size,
            class_names=names,
            thresholds=least_scores(spec),
            palette=spec.palette or line_palette(len(names)),
        )

    def above(self, threshold: float | None = None) -> Self:
        """Return the objects whose score is at least a threshold.

        Args:
            threshold: for all classes, in [0, 1]; none takes the model's own for each.
        """
        least_K = np.array(self.thresholds if threshold is None else [threshold] * len(self.class_names), np.float32)
        return self._only(self.scores_N >= least_K[self.labels_N])

    def _only(self, kept_N: NDArray[np.bool_]) -> Self:
        return replace(
            self, boxes_N4=self.boxes_N4[kept_N], scores_N=self.scores_N[kept_N], labels_N=self.labels_N[kept_N]
        )

    def __len__(self) -> int:
        return len(self.boxes_N4)

    @property
    def counts(self) -> dict[str, int]:
        """Class name -> objects, in the model's class order."""
        counts_K = np.bincount(self.labels_N, minlength=len(self.class_names))
        return dict(zip(self.class_names, counts_K.tolist(), strict=True))

    def __str__(self) -> str:
        most = sorted(self.counts.items(), key=lambda item: -item[1])
        return ", ".join(f"{count} {name}" for name, count in most if count) or "nothing"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold: the objects by falling score, and the size of the image."""
        rows = zip(self.labels_N.tolist(), self.scores_N.tolist(), self.boxes_N4.tolist(), strict=True)
        width, height = self.size
        detections = [
            {"label": self.class_names[index], "index": index, "score": score, "box": box} for index, score, box in rows
        ]
        return {"detections": detections, "height": height, "width": width}

    def save(self, path: str | Path) -> None:
        """Write what ``to_dict`` returns as JSON."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n", encoding="utf-8")

    def overlay(self, image: Image) -> NDArray[np.uint8]:
        """Return the image with a box around each object, and its class and score.

        Args:
            image: the image of the prediction: a path, the bytes of a file, or uint8 RGB (H, W, 3) or grey (H, W).

        Returns:
            uint8 RGB of the image's size.

        Raises:
            DataError: the image cannot be used, or is not of the prediction's size.
        """
        labels = self.labels_N.tolist()
        texts = [
            f"{self.class_names[label]} {score:.2f}"
            for label, score in zip(labels, self.scores_N.tolist(), strict=True)
        ]
        return draw_boxes(self._pixels_of(image), self.boxes_N4, texts, [self.palette[label] for label in labels])

    def _pixels_of(self, image: Image) -> NDArray[np.uint8]:
        image_HW3 = load_pixels(image)
        width, height = self.size
        if image_HW3.shape[:2] != (height, width):
            raise DataError(
                f"image: shape {image_HW3.shape}; the boxes are for one of {height} rows and {width} columns"
            )
        return image_HW3

    def save_overlay(self, image: Image, path: str | Path) -> None:
        """Write the image with its objects as JPEG; arguments and errors as for ``overlay``."""
        Path(path).write_bytes(_jpeg(self.overlay(image)))


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
        """Give what ``detect_instances`` returns the names, thresholds and colours of its model."""
        if len(masks) != len(detections_N6):
            raise ValueError(f"{len(detections_N6)} detections and {len(masks)} masks")
        found = Detection.of(detections_N6, size, spec)
        return cls(**{one.name: getattr(found, one.name) for one in fields(found)}, masks=tuple(masks))

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


def _jpeg(image_HW3: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", image_HW3[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


Prediction: TypeAlias = Classification | Segmentation | Detection | Instances
