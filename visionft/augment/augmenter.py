"""What the loader does with a training image: it draws a change, and has it done or leaves it to the device."""

from visionft.augment import cpu
from visionft.augment.draw import draw
from visionft.augment.objects import change_objects
from visionft.augment.policy import OBJECT_POLICIES, OUTLINE_POLICIES, POLICIES, Orientation, Policy, Strength
from visionft.augment.warp import RGB
from visionft.sample import Example


class Augmenter:
    """Changes one example at random, as a pure function of example and seed; pickles.

    Args:
        strength: how much may change; ``none`` leaves every canvas as it is, flips included.
        orientation: which flips and turns leave the class what it is.
        border: for objects, which then follow ``OBJECT_POLICIES``: the colour beyond the edge of the image. Mirrored
            there, as None has it, objects would appear twice, once without a box.
        outlines: whether all objects have outlines and follow ``OUTLINE_POLICIES``.
        later: whether images and masks are left as they are, with the change beside them, for the device to do; but
            for changes that only a CPU can do.
    """

    def __init__(
        self,
        strength: Strength,
        orientation: Orientation,
        border: RGB | None = None,
        *,
        outlines: bool = False,
        later: bool = False,
    ) -> None:
        self.strength = strength
        self.orientation = orientation
        self.border = border
        self.outlines = outlines
        self.later = later
        if self.policy is not None and self.policy.degrade > 0:
            cpu.prepare()

    @property
    def policy(self) -> Policy | None:
        """What may happen; None for nothing."""
        if self.border is None:
            return POLICIES[self.strength]
        return (OUTLINE_POLICIES if self.outlines else OBJECT_POLICIES)[self.strength]

    def __call__(self, example: Example, seed: int) -> Example:
        """Return a changed copy; at strength ``none`` the example itself.

        Args:
            example: see ``cpu.apply``; a mask or objects do not change what happens to the image.
            seed: decides everything; the same seed gives the same example in any process.

        Returns:
            See ``cpu.apply``; or image and mask as they came, with ``Example.change``.

        Raises:
            ValueError: the example has boxes, and no border was named.
        """
        policy = self.policy
        if policy is None:
            return example
        if example.boxes_N5 is not None and self.border is None:
            raise ValueError("an image with boxes needs the colour of its border")
        height, width = example.image_HW3.shape[:2]
        change = draw(policy, self.orientation, (width, height), seed)
        if self.later and not change.needs_cpu:
            return change_objects(example, change)._replace(change=change)
        return cpu.apply(example, change, self.border)
