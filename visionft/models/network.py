"""Backbone and head as one network that eats uint8 canvases, in training and in the exported file alike.

Shape suffixes: B batch, H height, W width, C channels, 3 colours.
"""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from visionft.batch import AnyBatch, AugmentedBatch, Batch, FeatureBatch, KeptBatch
from visionft.imaging.normalization import byte_statistics
from visionft.models.backbones import Backbone
from visionft.models.heads.base import Head
from visionft.models.kernels.attention import exportable_attention
from visionft.spec import InputSpec


class TaskNetwork(nn.Module):
    """Normalise, backbone, head.

    Calling it is the only way in: what wraps a module's ``forward``, as distributed training and compilers do, wraps
    all that is learned.

    Args:
        backbone: the pretrained network.
        head: what is learned on its features.
        spec: input statistics of the backbone's weights.
    """

    mean_C11: Tensor
    scale_C11: Tensor

    def __init__(self, backbone: Backbone, head: Head, spec: InputSpec) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        mean_C11, std_C11 = (torch.from_numpy(each).view(3, 1, 1) for each in byte_statistics(spec.mean, spec.std))
        self.register_buffer("mean_C11", mean_C11, persistent=False)
        self.register_buffer("scale_C11", 1 / std_C11, persistent=False)

    def forward(self, batch: AnyBatch | AugmentedBatch | Tensor) -> Any:
        """Learn from a batch or predict it.

        Args:
            batch: images, augmented or not, their features, or what was kept of them; or images_BHW3 alone, uint8
                RGB canvases.

        Returns:
            ``Losses`` of a batch in training, else the head's raw outputs.
        """
        match batch:
            case Tensor():
                return self.head(self.features(batch))
            case FeatureBatch():
                features = batch.features_BD
            case KeptBatch():
                features = batch.suffix(batch.kept)
            case AugmentedBatch():
                features = self.head.features(self.backbone, batch.images_BCHW)
            case Batch():
                features = self.features(batch.images_BHW3)
        return self.head(features, batch.targets if self.training else None)

    def features(self, images_BHW3: Tensor) -> Any:
        """Return what the head gets, for uint8 RGB canvases."""
        return self.head.features(self.backbone, self.normalised(images_BHW3))

    def normalised(self, images_BHW3: Tensor) -> Tensor:
        """Return images_BCHW as the backbone takes them, for uint8 RGB canvases."""
        return normalised(images_BHW3, self.mean_C11, self.scale_C11)

    def postprocess(self, outputs: Any) -> Tensor:
        """Return results for raw outputs; outside of autocast."""
        return self.head.postprocess(outputs)


def normalised(images_BHW3: Tensor, mean_C11: Tensor, scale_C11: Tensor) -> Tensor:
    """Return uint8 canvases as images_BCHW, minus the mean and multiplied by the scale."""
    # a permuted NHWC tensor already lies in channels_last order, so this copies nothing
    return (images_BHW3.permute(0, 3, 1, 2).float() - mean_C11) * scale_C11


class OfCanvases(nn.Module):
    """What takes normalised images, with the normalisation in front, as exported graphs have it.

    Args:
        module: takes images_BCHW, and ``options``; returns a tensor or some.
        mean_C11: in grey levels.
        scale_C11: one over the deviation, likewise.
    """

    _mean_C11: Tensor
    _scale_C11: Tensor

    def __init__(self, module: nn.Module, mean_C11: Tensor, scale_C11: Tensor, **options: Any) -> None:
        super().__init__()
        self._module = module
        self._options = options
        self.register_buffer("_mean_C11", mean_C11)
        self.register_buffer("_scale_C11", scale_C11)

    def forward(self, images_BHW3: Tensor) -> tuple[Tensor, ...]:
        """Return what the module does for uint8 canvases, as a tuple."""
        with exportable_attention():
            found = self._module(normalised(images_BHW3, self._mean_C11, self._scale_C11), **self._options)
        return (found,) if isinstance(found, Tensor) else tuple(found)


class OutputForm(Protocol):
    """How the results of a task leave a network."""

    def outputs(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return what results are made of."""

    def derived(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return what follows from these."""


class FinalNetwork(nn.Module):
    """A network followed by its postprocessing: what is exported.

    Args:
        network: backbone and head.
        task: the network's.
    """

    def __init__(self, network: TaskNetwork, task: OutputForm) -> None:
        super().__init__()
        self.network = network
        self._task = task

    def forward(self, images_BHW3: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs for uint8 RGB canvases."""
        with exportable_attention():
            results = self.network.postprocess(self.network(images_BHW3))
        return (*self._task.outputs(results), *self._task.derived(results))
