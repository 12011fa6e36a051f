"""From an image file to the network's canvas, and from a mask to a picture: one code for training and prediction."""

from visionft.imaging.canvas import cut_window, mask_to_canvas, to_canvas
from visionft.imaging.decode import decode
from visionft.imaging.header import IMAGE_EXTENSIONS, MAX_PIXELS
from visionft.imaging.palette import default_palette, paint
from visionft.imaging.png import index_png

__all__ = [
    "IMAGE_EXTENSIONS",
    "MAX_PIXELS",
    "cut_window",
    "decode",
    "default_palette",
    "index_png",
    "mask_to_canvas",
    "paint",
    "to_canvas",
]
