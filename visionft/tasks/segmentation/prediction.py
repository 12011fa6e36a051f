"""What a prediction of a class for every pixel says.

Shape suffixes: H height, W width, 3 colours (RGB), K classes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.annotations.object_mask import ObjectMask
from visionft.errors import DataError
from visionft.imaging import default_palette, index_png, paint
from visionft.imaging.encoding import NOTEBOOK_SIDE, html_figure, jpeg_bytes
from visionft.imaging.inputs import Image, load_pixels
from visionft.spec import ModelSpec
from visionft.tasks.exchange import (
    Colours,
    annotation,
    class_ids,
    label_of,
    mask_of,
    masks_of,
    run_lengths,
    supervision,
)


@dataclass(frozen=True, slots=True, eq=False)  # arrays do not compare to one truth value
class Segmentation:
    """The class of every pixel of one image.

    Attributes:
        mask_HW: uint8 class indices in the frame of the image; 255 where there is no prediction.
        class_names: text for class 0, 1, ...
        palette: colour (RGB, 0..255) of each class.
    """

    endings: ClassVar[tuple[str, ...]] = (".png", ".overlay.jpg")

    mask_HW: NDArray[np.uint8]
    class_names: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, mask_HW: NDArray[np.uint8], spec: ModelSpec) -> "Segmentation":
        """Combine a mask with names and colours of the model; a model without colours gets default ones."""
        return cls(mask_HW, spec.class_names, spec.palette or default_palette(spec.class_names))

    @property
    def class_fractions(self) -> dict[str, float]:
        """Class name -> fraction of the pixels that have a prediction, in the model's class order."""
        counts_K = np.zeros(len(self.class_names), np.int64)
        for row_W in self.mask_HW:  # bincount makes a copy in 8 bytes a pixel
            counts_K += np.bincount(row_W, minlength=256)[: len(counts_K)]
        whole = max(1, int(counts_K.sum()))
        return {name: count / whole for name, count in zip(self.class_names, counts_K.tolist(), strict=True)}

    def __str__(self) -> str:
        largest = sorted(self.class_fractions.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {fraction:.1%}" for name, fraction in largest if fraction)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold: the fraction of each class and the size, no pixels."""
        height, width = self.mask_HW.shape
        return {"classes": self.class_fractions, "height": height, "width": width}

    def save(self, path: str | Path) -> None:
        """Write the mask as PNG with a palette: programs read class indices, people see colours."""
        Path(path).write_bytes(index_png(self.mask_HW, self.palette))

    def overlay(self, image: Image, opacity: float = 0.5) -> NDArray[np.uint8]:
        """Return the image with the classes painted over it; a class whose colour is black stays clear.

        Args:
            image: the image of the prediction, in any form that a predictor takes.
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
        Path(path).write_bytes(jpeg_bytes(self.overlay(image, opacity)))

    def _repr_html_(self) -> str:
        """Return the mask in the colours of its classes, small enough for a notebook."""
        step = -(-max(self.mask_HW.shape) // NOTEBOOK_SIDE)
        return html_figure(index_png(self.mask_HW[::step, ::step], self.palette), str(self))

    def _present(self) -> Iterator[tuple[int, ObjectMask]]:
        """Yield the index of each class that the mask holds, and its pixels."""
        for label in range(len(self.class_names)):
            pixels = ObjectMask.of(self.mask_HW == label)
            if pixels.area:
                yield label, pixels

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """Return ``mask``, HW uint8 class indices; 255 where there is no prediction."""
        return {"mask": self.mask_HW}

    def to_coco(self, image_id: int | str = 0, first: int = 1) -> list[dict[str, Any]]:
        """Return an annotation of COCO for each class that the mask holds, with its pixels as run lengths.

        Args:
            image_id: of the image.
            first: number of the first annotation. Categories are counted from 1 in class order.
        """
        height, width = self.mask_HW.shape
        return [
            {
                **annotation(label, pixels.box, image_id=image_id, number=first + place, area=pixels.area),
                "segmentation": run_lengths(pixels, (width, height)),
            }
            for place, (label, pixels) in enumerate(self._present())
        ]

    @classmethod
    def from_coco(
        cls,
        annotations: Sequence[Mapping[str, Any]],
        size: tuple[int, int],
        class_names: Sequence[str],
        palette: Colours = (),
    ) -> "Segmentation":
        """Read annotations of COCO, which are painted in their order.

        Args:
            annotations: of one image, with polygons or run lengths.
            size: (width, height) of the image.
            class_names: text for category 1, 2, ...
            palette: colour of each class; none takes default ones.

        Raises:
            DataError: when one cannot be read.
        """
        parts = [(label_of(one, class_names), mask_of(one, size)) for one in annotations]
        return cls._painted(parts, size, class_names, palette)

    def to_supervision(self) -> Any:
        """Return ``supervision.Detections`` with a row, a mask and a box for each class that the mask holds.

        Raises:
            MissingExtra: when supervision is not installed.
        """
        present, (height, width) = list(self._present()), self.mask_HW.shape
        masks_NHW = [pixels.whole((width, height)) for _, pixels in present]
        return supervision().Detections(
            xyxy=np.array([pixels.box for _, pixels in present], np.float32).reshape(-1, 4),
            mask=np.array(masks_NHW, np.bool_).reshape(-1, height, width),
            class_id=np.array([label for label, _ in present], np.int64),
            data={"class_name": np.array([self.class_names[label] for label, _ in present], np.str_)},
        )

    @classmethod
    def from_supervision(
        cls, detections: Any, size: tuple[int, int], class_names: Sequence[str], palette: Colours = ()
    ) -> "Segmentation":
        """Read ``supervision.Detections`` with masks, which are painted in their order; arguments as of ``from_coco``.

        Raises:
            DataError: when it has no masks, or a class that is none.
        """
        parts = zip(class_ids(detections, class_names).tolist(), masks_of(detections, size), strict=True)
        return cls._painted(list(parts), size, class_names, palette)

    @classmethod
    def _painted(
        cls,
        parts: Sequence[tuple[int, NDArray[np.bool_]]],
        size: tuple[int, int],
        class_names: Sequence[str],
        palette: Colours,
    ) -> "Segmentation":
        mask_HW = np.full((size[1], size[0]), IGNORE, np.uint8)
        for label, pixels_HW in parts:
            mask_HW[pixels_HW] = label
        return cls(mask_HW, tuple(class_names), palette or default_palette(class_names))
