"""Backbone and head as one network.

Shape suffixes: B batch, H height, W width, C channels, 3 colours, K classes, D embedding channels.
"""

import numpy as np
import pytest
import torch

from visionft.models.backbones import build_backbone
from visionft.spec import InputSpec
from visionft.tasks.classification.learning import Classification
from visionft.tasks.network import FinalNetwork, TaskNetwork

SPEC = InputSpec(32, 48, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def images(batch=3, height=32, width=48):
    pixels = np.random.default_rng(0).integers(0, 256, (batch, height, width, 3), dtype=np.uint8)
    pixels[0, 0, :2] = [[0, 0, 0], [255, 255, 255]]
    return torch.from_numpy(pixels)


class Watch(Classification):
    """A task that shows what the backbone is given."""

    def features(self, backbone, images_BCHW):
        self.seen_BCHW = images_BCHW
        return super().features(backbone, images_BCHW)


@pytest.fixture(scope="module")
def backbone():
    return build_backbone("test_resnet", "none", image_size=32)


@pytest.mark.parametrize("statistics", [(SPEC.mean, SPEC.std), ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])
def test_normalisation_is_that_of_the_weights(backbone, statistics):
    mean, std = statistics
    task = Watch(("a", "b"))
    TaskNetwork(backbone, task, InputSpec(32, 48, mean=mean, std=std)).eval()(images())
    expected_BHW3 = (images().double().numpy() / 255 - np.array(mean)) / np.array(std)
    np.testing.assert_allclose(task.seen_BCHW.numpy(), expected_BHW3.transpose(0, 3, 1, 2), atol=2e-6)


@pytest.mark.parametrize("size", [(32, 48), (48, 32), (64, 64)])
def test_logits_have_a_column_per_class(backbone, size):
    network = TaskNetwork(backbone, Classification(("a", "b", "c")), SPEC).eval()
    logits_BK = network(images(2, *size))
    assert logits_BK.shape == (2, 3)
    assert logits_BK.dtype == torch.float32


def test_a_fresh_network_knows_nothing(backbone):
    task = Classification(("a", "b", "c", "d"))
    final = FinalNetwork(TaskNetwork(backbone, task, SPEC), task).eval()
    np.testing.assert_allclose(final(images())[0].detach().numpy(), 0.25, atol=1e-7)


def test_outputs_are_the_head_on_the_embedding(backbone):
    task = Watch(("a", "b"))
    network = TaskNetwork(backbone, task, SPEC).eval()
    torch.manual_seed(0)
    torch.nn.init.normal_(network.head.linear.weight)
    logits_BK = network(images())
    embedding_BD = backbone.embed(task.seen_BCHW)
    assert embedding_BD.shape == (3, backbone.embedding_dim)
    torch.testing.assert_close(logits_BK, network.head(embedding_BD))


def test_the_images_are_not_copied_before_they_are_needed_as_numbers(backbone):
    """A batch of canvases lies in channels_last order already, which convolutions like best."""
    task = Watch(("a", "b"))
    TaskNetwork(backbone, task, SPEC).eval()(images())
    assert task.seen_BCHW.is_contiguous(memory_format=torch.channels_last)


def test_input_statistics_are_not_part_of_the_weights(backbone):
    """They are in the spec, which travels with the weights."""
    names = TaskNetwork(backbone, Classification(("a", "b")), SPEC).state_dict().keys()
    assert all(name.startswith(("backbone.", "head.")) for name in names)
