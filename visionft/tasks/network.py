"""Backbone and head as one network that eats uint8 canvases, in training and in the exported file alike.

Shape suffixes: B batch, H height, W width, C channels, 3 colours.
"""

from typing import Any

import torch
from torch import Tensor, nn

from visionft.batch import AnyBatch, AugmentedBatch, Batch, FeatureBatch
from visionft.models.backbones import Backbone
from visionft.spec import InputSpec
from visionft.tasks.learner import TaskAdapter


class TaskNetwork(nn.Module):
    """Normalise, backbone, head.

    Args:
        backbone: the pretrained network.
        task: builds the head and says how the two are run.
        spec: input statistics of the backbone's weights.
    """

    mean_C11: Tensor
    scale_C11: Tensor

    def __init__(self, backbone: Backbone, task: TaskAdapter, spec: InputSpec) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = task.build_head(backbone)
        self._task = task
        # (x / 255 - mean) / std with one subtraction and one multiplication
        mean_C11 = torch.tensor(spec.mean, dtype=torch.float32).view(3, 1, 1) * 255
        scale_C11 = 1 / (torch.tensor(spec.std, dtype=torch.float32).view(3, 1, 1) * 255)
        self.register_buffer("mean_C11", mean_C11, persistent=False)
        self.register_buffer("scale_C11", scale_C11, persistent=False)

    def forward(self, images_BHW3: Tensor) -> Any:
        """Return the raw outputs for uint8 RGB canvases."""
        return self.head(self.features(images_BHW3))

    def run(self, batch: AnyBatch | AugmentedBatch) -> Any:
        """Return the raw outputs for a batch of images, augmented or not, or of features that are known already."""
        match batch:
            case FeatureBatch():
                return self.head(batch.features_BD)
            case AugmentedBatch():
                return self.head(self._task.features(self.backbone, batch.images_BCHW))
            case Batch():
                return self(batch.images_BHW3)

    def features(self, images_BHW3: Tensor) -> Any:
        """Return what the head gets, for uint8 RGB canvases."""
        # a permuted NHWC tensor already lies in channels_last order, so this copies nothing
        images_BCHW = (images_BHW3.permute(0, 3, 1, 2).float() - self.mean_C11) * self.scale_C11
        return self._task.features(self.backbone, images_BCHW)


class FinalNetwork(nn.Module):
    """A network followed by its task's final form: what is exported.

    Args:
        network: backbone and head.
        task: the network's.
    """

    def __init__(self, network: TaskNetwork, task: TaskAdapter) -> None:
        super().__init__()
        self.network = network
        self._task = task

    def forward(self, images_BHW3: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs for uint8 RGB canvases."""
        results = self._task.finalize(self.network(images_BHW3))
        return (*self._task.outputs(results), *self._task.derived(results))
