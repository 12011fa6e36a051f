"""What the loader hands to the training loop.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB), C the same in a network, D embedding channels,
N objects, K classes, S cells of a side.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.augment_params import AugmentParams


class InstanceTargets(NamedTuple):
    """Objects with their masks; moves as a tensor does.

    Attributes:
        boxes_BN5: as in ``Batch.targets``.
        masks_BNSS: uint8, 1 in those of ``MASK_SIDE`` x ``MASK_SIDE`` cells of the object's box whose centre is the
            object's, else 0; ``IGNORE`` throughout where nobody knows the polygon.
    """

    boxes_BN5: Tensor
    masks_BNSS: Tensor

    def to(self, device: torch.device, *, non_blocking: bool = False) -> "InstanceTargets":
        """Return the same objects on a device."""
        return InstanceTargets(*(tensor.to(device, non_blocking=non_blocking) for tensor in self))

    def numpy(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return both as arrays."""
        return self.boxes_BN5.numpy(), self.masks_BNSS.numpy()


@dataclass(frozen=True, slots=True)
class Batch:
    """Images and targets of a few samples.

    Attributes:
        images_BHW3: uint8 RGB canvases.
        targets: what the task learns: labels_B, int64 class indices; masks_BHW, uint8 class indices and ``IGNORE``; or
            boxes_BN5, float32 (left, top, right, bottom, class) in pixels of the canvas, where the class may be
            ``CROWD``, and is ``PADDING`` in the rows that fill up to the batch's largest N, which is at least 1; or
            these with their masks.
        ids: sample ids, for messages that name files.
        params: what is still to happen to each image and mask, on the device that trains; empty for nothing.
    """

    images_BHW3: Tensor
    targets: Tensor | InstanceTargets
    ids: tuple[str, ...]
    params: tuple[AugmentParams, ...] = ()

    def to(self, device: torch.device) -> "Batch":
        """Return the same batch on a device."""
        return Batch(
            self.images_BHW3.to(device, non_blocking=True),
            self.targets.to(device, non_blocking=True),
            self.ids,
            self.params,
        )

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class AugmentedBatch:
    """A batch whose changes have been done on the device that trains.

    Attributes:
        images_BCHW: normalised, in channels_last, in the number format of the network's passes.
        targets: as in ``Batch``; or, where images were mixed, labels_BK, float32, the fraction of each class.
        ids: sample ids, for messages that name files.
    """

    images_BCHW: Tensor
    targets: Tensor | InstanceTargets
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class FeatureBatch:
    """What a frozen backbone gives for a few samples, in the place of their images.

    Attributes:
        features_BD: the task's features of the images.
        targets: as in ``Batch``.
        ids: sample ids, for messages that name files.
    """

    features_BD: Tensor
    targets: Tensor | InstanceTargets
    ids: tuple[str, ...]

    def to(self, device: torch.device) -> "FeatureBatch":
        """Return the same batch on a device."""
        return FeatureBatch(self.features_BD.to(device), self.targets.to(device), self.ids)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class KeptBatch:
    """What the frozen layers of a backbone give for a few samples, in the place of their images.

    Attributes:
        kept: tensors with the samples on axis 0, what ``Cut.prefix`` returns.
        suffix: returns the task's features for them, ``Cut.suffix``.
        targets: as in ``Batch``.
        ids: sample ids, for messages that name files.
    """

    kept: tuple[Tensor, ...]
    suffix: Callable[[tuple[Tensor, ...]], Any]
    targets: Tensor | InstanceTargets
    ids: tuple[str, ...]

    def to(self, device: torch.device) -> "KeptBatch":
        """Return the same batch on a device."""
        kept = tuple(tensor.to(device, non_blocking=True) for tensor in self.kept)
        return KeptBatch(kept, self.suffix, self.targets.to(device, non_blocking=True), self.ids)

    def __len__(self) -> int:
        return len(self.ids)


AnyBatch = Batch | FeatureBatch | KeptBatch
"""What a loader, or what stands in for one, gives."""
