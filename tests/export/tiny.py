"""A network that exports in a second, with what real ones have: convolution, norm, pooling, linear."""

import torch
from torch import Tensor, nn

from visionft.spec import InputSpec, ModelSpec
from visionft.tasks.classification.learning import ClassificationLearner

# not square, so that swapped axes show
SPEC = ModelSpec("classification", ("cat", "dog", "żaba"), InputSpec(24, 32, fit="pad"), {"backbone": "tiny"})
TASK = ClassificationLearner(SPEC.class_names)


class Tiny(nn.Module):
    def __init__(self, classes: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, classes)

    def forward(self, images_BHW3: Tensor) -> tuple[Tensor]:
        return (self.probabilities(images_BHW3),)

    def probabilities(self, images_BHW3: Tensor) -> Tensor:
        images_BCHW = images_BHW3.permute(0, 3, 1, 2).float() / 255 - 0.5
        features_BCHW = self.norm(self.conv(images_BCHW)).relu()
        pooled_BC = nn.functional.adaptive_avg_pool2d(features_BCHW, 1).flatten(1)
        return self.head(pooled_BC).softmax(1)


class Liar(Tiny):
    """Behaves differently while it is being exported."""

    def probabilities(self, images_BHW3: Tensor) -> Tensor:
        probabilities_BK = super().probabilities(images_BHW3)
        return probabilities_BK.flip(1) if torch.compiler.is_exporting() else probabilities_BK


class Undecided(Tiny):
    """Chooses its path by the pixels, which no graph can follow."""

    def probabilities(self, images_BHW3: Tensor) -> Tensor:
        probabilities_BK = super().probabilities(images_BHW3)
        return probabilities_BK if probabilities_BK[0, 0] > 0.5 else probabilities_BK.flip(1)


class Pair(Tiny):
    """Works for the two images that it is traced with, and for no other number."""

    def probabilities(self, images_BHW3: Tensor) -> Tensor:
        return super().probabilities(images_BHW3).reshape(2, 3)


def tiny(kind: type[Tiny] = Tiny, classes: int = 3) -> Tiny:
    """Return an untrained network that answers differently for different images."""
    torch.manual_seed(0)
    network = kind(classes).eval()
    with torch.no_grad():
        network.head.weight.mul_(8)
        network.norm.running_mean.uniform_(-0.2, 0.2)
        network.norm.running_var.uniform_(0.5, 2)
    return network
