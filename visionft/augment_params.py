"""The augmentation parameters of one training image: sampled by ``augment.sampling``, applied by any engine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Row = tuple[float, float, float]
Box = tuple[int, int, int, int]
"""(left, top, right, bottom) in pixels of the canvas, half-open."""
AFFINE_ROW: Row = (0.0, 0.0, 1.0)  # the third row of a matrix without perspective


@dataclass(frozen=True, slots=True)
class AugmentParams:
    """Augmentation parameters of a canvas, in the order of application; by default none. Pickles, compares by value.

    Attributes:
        rows: of ``matrix``, the upper two.
        perspective_row: of ``matrix``, the third, which says what places are divided by: above 0 wherever the image or
            the canvas is, and 1 for what comes to the canvas's centre, so that the determinant is the factor of areas
            there.
        brightness: factor.
        contrast: factor, about the mean grey of the image before the change.
        saturation: factor; 0 leaves no colour.
        hue: fraction of the colour circle.
        gamma: exponent, of values between 0 and 1.
        blur: standard deviation in pixels; 0 for none, as with the next two, of which no two happen at once.
        noise: standard deviation, as a fraction of white.
        jpeg: quality, 1 to 100.
        noise_seed: decides the noise, 0 to 2^32 - 1.
        erase_boxes: (left, top, right, bottom) in pixels of the canvas, half-open, of what turns grey at last.
        mixup_lambda: fraction of the next image of the batch that shines through, once all of it has happened to both.
        cutmix_box: (left, top, right, bottom) of the part that shows the next image of the batch instead, likewise.
    """

    rows: tuple[Row, Row] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    perspective_row: Row = AFFINE_ROW
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    gamma: float = 1.0
    blur: float = 0.0
    noise: float = 0.0
    jpeg: int = 0
    noise_seed: int = 0
    erase_boxes: tuple[Box, ...] = ()
    mixup_lambda: float = 0.0
    cutmix_box: Box | None = None

    @property
    def mixing(self) -> "AugmentParams":
        """The parameters that need another image."""
        return AugmentParams(mixup_lambda=self.mixup_lambda, cutmix_box=self.cutmix_box)

    @property
    def matrix(self) -> "NDArray[np.float64]":
        """The 3x3 matrix from (x, y, 1) of the canvas before to that after; pixel centres lie at +0.5."""
        import numpy as np  # importing the package stays quick

        return np.array([*self.rows, self.perspective_row])

    @property
    def affine(self) -> bool:
        """Whether parallel lines stay parallel."""
        return self.perspective_row == AFFINE_ROW

    @property
    def is_identity(self) -> bool:
        """Whether everything stays where it is."""
        return self.rows == ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)) and self.affine

    @property
    def needs_cpu(self) -> bool:
        """Whether only the CPU engine can apply it."""
        return self.jpeg > 0
