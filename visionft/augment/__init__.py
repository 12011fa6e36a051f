"""What may happen to a training image, and the engine that does it on the CPU."""

from visionft.augment.cpu import CpuAugmenter
from visionft.augment.policy import POLICIES, Orientation, Policy, Strength

__all__ = ["POLICIES", "CpuAugmenter", "Orientation", "Policy", "Strength"]
