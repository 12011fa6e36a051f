"""What a change does to the target of a canvas: the same for every engine."""

from visionft.augment_params import Change
from visionft.data.records import Example


def change_target(example: Example, change: Change) -> Example:
    """Move the target of a canvas, and leave pixels, its own among them, to whoever changes those of the image.

    Objects of which less than ``LEAST_VISIBLE`` remains become crowds, whether cut off or erased. What is erased is
    measured in an object's box, though it may have an outline, which erasing leaves alone.

    Args:
        example: a canvas.
        change: says what happens.

    Returns:
        The canvas with a target inside it, without the objects of which nothing is seen.
    """
    height, width = example.image_HW3.shape[:2]
    target = example.target.moved(change.matrix, (width, height))
    if change.holes:
        target = target.erased(change.holes, (width, height))
    return example._replace(target=target)
