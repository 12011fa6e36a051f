"""Augment a training image in the loader, or sample what the device is to do to it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from visionft.augment import cpu
from visionft.augment.extra import ExtraTransforms
from visionft.augment.policy import OBJECT_POLICIES, POLICIES, POLYGON_POLICIES, Orientation, Policy, Strength
from visionft.augment.sampling import sample_params
from visionft.augment.targets import augment_target
from visionft.augment.warp import RGB
from visionft.data.records import Example


class Augmenter:
    """Augments one example at random, as a pure function of example and seed; pickles.

    Args:
        strength: how much may change; ``none`` leaves every canvas as it is, flips included.
        orientation: which flips and turns leave the class what it is.
        fill: for objects, which then follow ``OBJECT_POLICIES``: the colour beyond the edge of the image. Mirrored
            there, as None has it, objects would appear twice, once without a box.
        polygons: whether all objects have polygons and follow ``POLYGON_POLICIES``.
        ranges: fields of ``Policy`` and what takes the place of the strength's own; all are taken as they are, and
            none has a meaning for ``auto``, which does one thing at a time.
        mixup: the field of ``Policy``, where anything may change at all.
        cutmix: likewise.
        transforms: what is done after everything else, at any strength; None for nothing. Only a CPU can do it.
        defer_to_device: whether images and masks are left as they are, with the parameters beside them, for the device
            to do; but for what only a CPU can do.

    Attributes:
        policy: what may happen; None for nothing.
    """

    def __init__(
        self,
        strength: Strength,
        orientation: Orientation,
        fill: RGB | None = None,
        *,
        polygons: bool = False,
        ranges: Mapping[str, float] | None = None,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        transforms: ExtraTransforms | None = None,
        defer_to_device: bool = False,
    ) -> None:
        self.orientation = orientation
        self.fill = fill
        self.transforms = transforms
        self.defer_to_device = defer_to_device and transforms is None
        policies = POLYGON_POLICIES if polygons else OBJECT_POLICIES
        policy = (POLICIES if fill is None else policies)[strength]
        changes: dict[str, Any] = {**(ranges or {}), "mixup": mixup, "cutmix": cutmix}
        self.policy: Policy | None = policy and replace(policy, **changes)

    def __call__(self, example: Example, seed: int, turn: int | None = None) -> Example:
        """Return an augmented copy; at strength ``none``, and without transforms, the example itself.

        Args:
            example: see ``cpu.apply``; a mask or objects do not change what happens to the image.
            seed: decides everything; the same seed gives the same example in any process.
            turn: counts through the flips and turns that the orientation allows; None has the seed decide them too.

        Returns:
            See ``cpu.apply``; or image and mask as they came, with ``Example.params``.

        Raises:
            ValueError: the example's target is not true of mirrored images, and no border was named.
            ImageError: when one of the extra transforms fails on the image.
        """
        if self.policy is not None:
            example = self._changed(example, self.policy, seed, turn)
        return example if self.transforms is None else self.transforms(example, seed)

    def _changed(self, example: Example, policy: Policy, seed: int, turn: int | None) -> Example:
        if not example.target.mirrors and self.fill is None:
            raise ValueError("an image with objects needs the colour of its border")
        height, width = example.image_HW3.shape[:2]
        params = sample_params(policy, self.orientation, (width, height), seed, turn)
        if self.defer_to_device and not params.needs_cpu:
            return augment_target(example, params)._replace(params=params)
        return cpu.apply(example, params, self.fill)
