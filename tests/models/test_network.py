"""Backbone and head as one network.

Shape suffixes: B batch, H height, W width, C channels, 3 colours, K classes, D embedding channels.
"""

import numpy as np
import pytest
import torch

from visionft.batch import AugmentedBatch, Batch, FeatureBatch
from visionft.models.backbones import Backbone
from visionft.models.network import FinalNetwork, TaskNetwork
from visionft.spec import InputSpec
from visionft.tasks.classification.learning import ClassificationLearner

SPEC = InputSpec(32, 48, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def images(batch=3, height=32, width=48):
    pixels = np.random.default_rng(0).integers(0, 256, (batch, height, width, 3), dtype=np.uint8)
    pixels[0, 0, :2] = [[0, 0, 0], [255, 255, 255]]
    return torch.from_numpy(pixels)


def network_of(backbone, *names, spec=SPEC):
    """Return a network for a linear head; ``seen`` are the images that its backbone was given."""
    network = TaskNetwork(backbone, ClassificationLearner(names).build_head(backbone), spec).eval()
    plain, network.seen = network.head.features, []

    def features(backbone, images_BCHW):
        network.seen.append(images_BCHW)
        return plain(backbone, images_BCHW)

    network.head.features = features
    return network


@pytest.fixture(scope="module")
def backbone():
    return Backbone("test_resnet", "none", image_size=32)


@pytest.mark.parametrize("statistics", [(SPEC.mean, SPEC.std), ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])
def test_normalisation_is_that_of_the_weights(backbone, statistics):
    mean, std = statistics
    network = network_of(backbone, "a", "b", spec=InputSpec(32, 48, mean=mean, std=std))
    network(images())
    expected_BHW3 = (images().double().numpy() / 255 - np.array(mean)) / np.array(std)
    np.testing.assert_allclose(network.seen[0].numpy(), expected_BHW3.transpose(0, 3, 1, 2), atol=2e-6)


@pytest.mark.parametrize("size", [(32, 48), (48, 32), (64, 64)])
def test_logits_have_a_column_per_class(backbone, size):
    logits_BK = network_of(backbone, "a", "b", "c")(images(2, *size))
    assert logits_BK.shape == (2, 3)
    assert logits_BK.dtype == torch.float32


def test_a_fresh_network_knows_nothing(backbone):
    task = ClassificationLearner(("a", "b", "c", "d"))
    final = FinalNetwork(network_of(backbone, *task.class_names), task)
    np.testing.assert_allclose(final(images())[0].detach().numpy(), 0.25, atol=1e-7)


def test_outputs_are_the_head_on_the_embedding(backbone):
    network = network_of(backbone, "a", "b")
    torch.manual_seed(0)
    torch.nn.init.normal_(network.head.linear.weight)
    logits_BK = network(images())
    embedding_BD = backbone.embed(network.seen[0])
    assert embedding_BD.shape == (3, backbone.embedding_dim)
    torch.testing.assert_close(logits_BK, network.head(embedding_BD))


def test_the_images_are_not_copied_before_they_are_needed_as_numbers(backbone):
    """A batch of canvases lies in channels_last order already, which convolutions like best."""
    network = network_of(backbone, "a", "b")
    network(images())
    assert network.seen[0].is_contiguous(memory_format=torch.channels_last)


def test_input_statistics_are_not_part_of_the_weights(backbone):
    """They are in the spec, which travels with the weights."""
    names = network_of(backbone, "a", "b").state_dict().keys()
    assert all(name.startswith(("backbone.", "head.")) for name in names)


def test_every_kind_of_batch_gives_the_same_losses_in_training_and_outputs_else(backbone):
    network, labels_B, ids = network_of(backbone, "a", "b"), torch.tensor([0, 1, 1]), ("x", "y", "z")
    torch.nn.init.normal_(network.head.linear.weight)
    embedding_BD = network.features(images()).detach()
    batches = (
        Batch(images(), labels_B, ids),
        AugmentedBatch(network.seen[0], labels_B, ids),
        FeatureBatch(embedding_BD, labels_B, ids),
    )
    expected_BK = network(images())
    assert all(torch.equal(network(batch), expected_BK) for batch in batches)
    backbone.set_trainable([], "frozen")
    expected = torch.nn.functional.cross_entropy(expected_BK, labels_B)
    for batch in batches:
        losses = network.train()(batch)
        torch.testing.assert_close(losses.total, expected)
        assert losses.total.requires_grad
        assert not losses.parts["cross_entropy"].requires_grad
    assert torch.equal(network(images()), expected_BK)  # without targets, nothing is learned
