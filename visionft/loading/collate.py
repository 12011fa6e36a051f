"""Canvases put together for a batch. Shape suffixes: B batch, H height, W width."""

from collections.abc import Sequence

from torch import Tensor

from visionft.augment_params import AugmentParams
from visionft.batch import InstanceTargets
from visionft.data.records import Example

_NOTHING = AugmentParams()


def targets_of(examples: Sequence[Example], pixels_BHW: Tensor | None = None) -> Tensor | InstanceTargets:
    """Return the targets of canvases, as in ``Batch``.

    Args:
        examples: at least one.
        pixels_BHW: of the targets, where these are on a device and the examples are without.
    """
    return type(examples[0].target).collate([example.target for example in examples], pixels_BHW)


def params_of(examples: Sequence[Example]) -> tuple[AugmentParams, ...]:
    """Return the augmentation parameters of each canvas that the device is to apply; empty where there are none."""
    batch_params = tuple(example.params for example in examples)
    return () if all(params == _NOTHING for params in batch_params) else batch_params
