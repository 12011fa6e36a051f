"""From an image file to the network's canvas, and from masks and boxes to a picture: one code for all that need it."""

from visionft.imaging.boxes import draw_boxes
from visionft.imaging.canvas import cut_window, mask_to_canvas, to_canvas
from visionft.imaging.decode import decode
from visionft.imaging.encoding import index_png
from visionft.imaging.header import IMAGE_EXTENSIONS, MAX_PIXELS
from visionft.imaging.painting import paint_objects
from visionft.imaging.palette import default_palette, line_palette, paint

__all__ = [
    "IMAGE_EXTENSIONS",
    "MAX_PIXELS",
    "cut_window",
    "decode",
    "default_palette",
    "draw_boxes",
    "index_png",
    "line_palette",
    "mask_to_canvas",
    "paint",
    "paint_objects",
    "to_canvas",
]
