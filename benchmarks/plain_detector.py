"""The baselines of the detection benchmarks: torchvision's detectors on the same backbone, in a plain loop."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection import FCOS
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import ExtraFPNBlock, LastLevelP6P7

from visionft.annotations.marks import PADDING
from visionft.assemble import Job
from visionft.models.backbones import Backbone


class Pyramid(nn.Module):
    """Maps of some strides, and deeper ones made of them, as torchvision's detectors take them."""

    def __init__(self, backbone: Backbone, strides: Sequence[int], deeper: ExtraFPNBlock) -> None:
        super().__init__()
        self.backbone = backbone
        self._places = [backbone.strides.index(stride) for stride in strides]
        self.out_channels = 256
        self.pyramid = FeaturePyramidNetwork([backbone.channels[place] for place in self._places], 256, deeper)

    def forward(self, images_BCHW: Tensor) -> dict[str, Tensor]:
        """Return the levels by name, fine to coarse."""
        maps = self.backbone(images_BCHW)
        levels: dict[str, Tensor] = self.pyramid(
            OrderedDict((str(number), maps[place]) for number, place in enumerate(self._places))
        )
        return levels


class PlainDetector(ABC):
    """A detector of torchvision, AdamW, the job's number formats.

    Args:
        job: gives the backbone, which is shared, and the input's statistics.
        kind: torchvision's class.
        pyramid: on the job's backbone.
        classes: that the detector counts.
    """

    def __init__(self, job: Job, kind: type[nn.Module], pyramid: Pyramid, classes: int) -> None:
        spec = job.input
        self._job = job
        self.net = kind(
            pyramid,
            classes,
            min_size=min(spec.height, spec.width),
            max_size=max(spec.height, spec.width),
            image_mean=list(spec.mean),
            image_std=list(spec.std),
        ).to(memory_format=torch.channels_last)
        self._optimizer = torch.optim.AdamW(self.net.parameters(), lr=1e-4)

    @abstractmethod
    def truth(self, targets: Any, size: tuple[int, int]) -> list[dict[str, Tensor]]:
        """Return what torchvision's class learns of each image of (height, width)."""

    def step(self, images_BHW3: Tensor, targets: Any) -> float:
        """Take an optimizer step and return the loss."""
        self.net.train()
        truth = self.truth(targets, (images_BHW3.shape[1], images_BHW3.shape[2]))
        with self._job.runtime.autocast():
            losses = self.net(self._images(images_BHW3), truth)
        loss = torch.stack(list(losses.values())).sum()
        torch.autograd.backward(loss)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

    @torch.inference_mode()
    def detect(self, images_BHW3: Tensor) -> list[dict[str, Tensor]]:
        """Return final detections, in fp32."""
        self.net.eval()
        found: list[dict[str, Tensor]] = self.net(self._images(images_BHW3))
        return found

    @staticmethod
    def _images(images_BHW3: Tensor) -> list[Tensor]:
        return list(images_BHW3.permute(0, 3, 1, 2).float() / 255)


class PlainFcos(PlainDetector):
    """FCOS as torchvision gives it."""

    def __init__(self, job: Job) -> None:
        pyramid = Pyramid(job.network.backbone, (8, 16, 32), LastLevelP6P7(256, 256))
        super().__init__(job, FCOS, pyramid, len(job.dataset.class_names))

    def truth(self, targets: Tensor, size: tuple[int, int]) -> list[dict[str, Tensor]]:  # noqa: ARG002  # boxes alone
        """Return boxes and classes."""
        known = [boxes_N5[boxes_N5[:, 4] > PADDING] for boxes_N5 in targets]
        return [{"boxes": boxes_N5[:, :4], "labels": boxes_N5[:, 4].long()} for boxes_N5 in known]
