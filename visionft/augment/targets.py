"""Augmentation of a canvas's target, the same for every engine."""

from visionft.augment_params import AugmentParams
from visionft.data.records import Example


def augment_target(example: Example, params: AugmentParams) -> Example:
    """Warp the target of a canvas, but for its pixels, which are augmented with those of the image.

    Objects of which less than ``MIN_VISIBILITY`` remains become crowds, whether cut off or erased. What is erased is
    measured in an object's box, though it may have a polygon, which erasing leaves alone.

    Args:
        example: a canvas.
        params: says what happens.

    Returns:
        The canvas with a target inside it, without the objects of which nothing is seen.
    """
    height, width = example.image_HW3.shape[:2]
    target = example.target.moved(params.matrix, (width, height))
    if params.erase_boxes:
        target = target.erased(params.erase_boxes, (width, height))
    return example._replace(target=target)
