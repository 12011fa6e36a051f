"""What cannot be exported is found by a trial, and a trial leaves nothing behind."""

import copy

import pytest
import torch
from torch import Tensor

from tests.export.tiny import SPEC, Pair, Tiny, Undecided, tiny
from visionft.errors import ExportError
from visionft.export import trial
from visionft.export.trial import try_export
from visionft.export.writers.base import Writer
from visionft.export.writers.onnx import OnnxWriter


class Inverse(Tiny):
    """Inverts a matrix, for which ONNX has no operation; tracing alone does not find that."""

    def probabilities(self, images_BHW3: Tensor) -> Tensor:
        probabilities_BK = super().probabilities(images_BHW3)
        return torch.linalg.inv(torch.diag_embed(probabilities_BK + 1)).sum(1).softmax(1)


class Broken(Tiny):
    """Fails as only the code of others does."""

    def probabilities(self, images_BHW3: Tensor) -> Tensor:
        return {}["nothing"]


@pytest.fixture(autouse=True)
def nothing_tried(monkeypatch):
    monkeypatch.setattr(trial, "_passed", set())


@pytest.mark.parametrize("kind", [Undecided, Pair, Inverse, Broken])
def test_a_network_that_cannot_be_exported_is_found(kind):
    with pytest.raises(ExportError, match=r"cannot be exported to onnx: torch cannot .*export.try_first: false"):
        try_export(OnnxWriter(), tiny(kind), SPEC)


def test_one_that_can_is_left_as_it_is_and_so_is_the_random_state():
    network = tiny().train()
    before, state = copy.deepcopy(network.state_dict()), torch.get_rng_state()

    try_export(OnnxWriter(), network, SPEC)

    assert torch.equal(torch.get_rng_state(), state)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


class Counting(Writer):
    kind, suffix = "counting", ".none"

    def __init__(self):
        self.tried = 0

    def write(self, network, spec, path, calibration=None):
        raise AssertionError

    def try_out(self, network, spec):
        assert not network.training
        torch.rand(3)
        self.tried += 1


def test_what_has_passed_is_not_tried_again_unless_a_class_or_a_shape_is_another():
    writer = Counting()

    for network in (tiny(), tiny(), tiny(classes=4), tiny(Pair), tiny(Pair)):
        try_export(writer, network, SPEC)

    assert writer.tried == 3


def test_a_writer_that_cannot_tell_beforehand_says_nothing():
    class Silent(Counting):
        try_out = Writer.try_out

    try_export(Silent(), tiny(Undecided), SPEC)
