"""Augmentation of training images: policies, sampled parameters, and the engines that apply them.

Those for batches, ``augment.batch`` and ``augment.fused``, load torch and triton and are imported where they are used.
"""

from visionft.augment.augmenter import Augmenter
from visionft.augment.mixing import Mixing
from visionft.augment.policy import OBJECT_POLICIES, POLICIES, POLYGON_POLICIES, Orientation, Policy, Strength
from visionft.augment.sampling import sample_params

__all__ = [
    "OBJECT_POLICIES",
    "POLICIES",
    "POLYGON_POLICIES",
    "Augmenter",
    "Mixing",
    "Orientation",
    "Policy",
    "Strength",
    "sample_params",
]
