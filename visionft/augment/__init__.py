"""What may happen to a training image, and the engine that does it on the CPU."""

from visionft.augment.cpu import CpuAugmenter
from visionft.augment.mixing import Mixing
from visionft.augment.policy import OBJECT_POLICIES, POLICIES, Orientation, Policy, Strength

__all__ = ["OBJECT_POLICIES", "POLICIES", "CpuAugmenter", "Mixing", "Orientation", "Policy", "Strength"]
