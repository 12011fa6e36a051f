"""From an image file to the network's canvas: one decoder and one resize for training and prediction."""

from visionft.imaging.canvas import to_canvas
from visionft.imaging.decode import decode
from visionft.imaging.header import IMAGE_EXTENSIONS, MAX_PIXELS

__all__ = ["IMAGE_EXTENSIONS", "MAX_PIXELS", "decode", "to_canvas"]
