"""The baseline of the detection benchmarks: torchvision's FCOS on the same backbone, in a plain loop."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torchvision.models.detection import FCOS
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from visionft.assemble import Job
from visionft.backbones import Backbone
from visionft.sample import PADDING


class _Pyramid(nn.Module):
    """The maps of strides 8, 16 and 32 and two deeper ones, as torchvision's FCOS has them."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self._places = [backbone.strides.index(stride) for stride in (8, 16, 32)]
        self.out_channels = 256
        self.pyramid = FeaturePyramidNetwork(
            [backbone.channels[place] for place in self._places], 256, LastLevelP6P7(256, 256)
        )

    def forward(self, images_BCHW: Tensor) -> dict[str, Tensor]:
        maps = self.backbone(images_BCHW)
        levels: dict[str, Tensor] = self.pyramid(
            OrderedDict((str(number), maps[place]) for number, place in enumerate(self._places))
        )
        return levels


class PlainFcos:
    """FCOS as torchvision gives it, AdamW, the job's number formats.

    Args:
        job: gives the backbone, which is shared, and the input's statistics.
    """

    def __init__(self, job: Job) -> None:
        spec = job.input
        self._job = job
        self.net = FCOS(
            _Pyramid(job.network.backbone),
            len(job.dataset.class_names),
            min_size=min(spec.height, spec.width),
            max_size=max(spec.height, spec.width),
            image_mean=list(spec.mean),
            image_std=list(spec.std),
        ).to(memory_format=torch.channels_last)
        self._optimizer = torch.optim.AdamW(self.net.parameters(), lr=1e-4)

    def step(self, images_BHW3: Tensor, boxes_BN5: Tensor) -> float:
        """Take an optimizer step and return the loss."""
        self.net.train()
        targets = []
        for boxes_N5 in boxes_BN5:
            known_N5 = boxes_N5[boxes_N5[:, 4] > PADDING]
            targets.append({"boxes": known_N5[:, :4], "labels": known_N5[:, 4].long()})
        with self._job.runtime.autocast():
            losses = self.net(self._images(images_BHW3), targets)
        loss = torch.stack(list(losses.values())).sum()
        loss.backward()
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
