"""What a prediction of a class for every pixel says.

Shape suffixes: H height, W width, 3 colours (RGB), K classes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError
from visionft.imaging import default_palette, index_png, paint
from visionft.imaging.encoding import jpeg_bytes
from visionft.imaging.inputs import Image, load_pixels
from visionft.spec import ModelSpec


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
        Path(path).write_bytes(jpeg_bytes(self.overlay(image, opacity)))
