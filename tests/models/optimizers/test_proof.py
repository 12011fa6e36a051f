"""Every optimizer that may be named resumes bit for bit, and what may not be named says why."""

import pytest
import torch

from visionft.models.optimizers import OPTIMIZERS
from visionft.models.optimizers.library import optimizer_names, optimizer_options
from visionft.models.optimizers.proof import optimizer_problems, why_not_resumed

EXTERNAL = [name for name in optimizer_names() if name.startswith(("bnb", "fused"))]  # packages that are not installed
REFUSED = {"adahessian": "second derivatives", "kron": "'Q' as a list", "kronc": "a list", "kronw": "a list"}
USED = [name for name in optimizer_names() if name not in (*REFUSED, *EXTERNAL)]


def test_there_are_many():
    assert len(USED) > 80
    assert {"adamw", "sgd", "adam", "lamb", "lion", "adan", "muon", "adafactor", "rmsprop"} <= set(USED)


@pytest.mark.parametrize("name", USED)
def test_steps_after_saving_are_those_without(name):
    """Saved by name after two steps, and restored in a new optimizer: three more steps agree in every bit."""
    assert why_not_resumed(name, {}) is None
    assert optimizer_problems(name, {}) == {}


@pytest.mark.parametrize(("name", "part"), REFUSED.items())
def test_what_cannot_be_resumed_is_refused(name, part):
    assert part in optimizer_problems(name, {})["name"]


@pytest.mark.parametrize("name", EXTERNAL[:2])
def test_what_is_not_installed_is_refused(name):
    assert name in optimizer_problems(name, {})["name"]


@pytest.mark.parametrize(
    ("name", "options", "key", "part"),
    [
        ("sdg", {}, "name", "close: sgd"),
        ("sgd", {"momentun": 0.9}, "options.momentun", "did you mean 'momentum'"),
        ("sgd", {"lr": 0.1}, "options.lr", "head_lr"),
        ("lion", {"weight_decay": 0.1}, "options.weight_decay", "optim.weight_decay"),
        ("sgd", {"momentum": "high"}, "options.momentum", "a number, found 'high'"),
        ("sgd", {"momentum": -1}, "options", "Invalid momentum value"),
        ("sgd", {"nesterov": 1}, "options.nesterov", "true or false"),
        ("lion", {"betas": 0.9}, "options.betas", "a list of numbers"),
        ("lion", {"betas": [0.9]}, "options", "cannot be made"),
        ("kron", {"eps": 1e-8}, "options.eps", "unknown option"),  # which timm would leave out without a word
    ],
)
def test_wrong_names_and_options(name, options, key, part):
    problems = optimizer_problems(name, options)
    assert problems.keys() == {key}
    assert part in problems[key]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sgd", {"momentum": 0, "nesterov": False}),  # which keeps no state at all
        ("adamw", {"foreach": True}),
        ("adamw", {"amsgrad": True}),
        ("adan", {"betas": [0.9, 0.9, 0.99]}),
    ],
)
def test_options_that_are_taken(name, options):
    assert optimizer_problems(name, options) == {}


class Drift(torch.optim.SGD):
    """An optimizer whose steps depend on how many there were, which it keeps to itself."""

    kind = "drift"
    steps = 0

    def step(self, closure=None):
        self.steps += 1
        for group in self.param_groups:
            group["lr"] *= 1 + self.steps
        return super().step(closure)


class Searching(torch.optim.SGD):
    kind = "searching"

    def step(self, closure):
        return super().step(closure)


class Plain(torch.optim.SGD):
    kind = "plain"

    def __init__(self, params, lr, weight_decay, drag=0.5):
        super().__init__(params, lr=lr, weight_decay=weight_decay, momentum=drag)


def test_optimizers_of_a_program(monkeypatch):
    monkeypatch.setattr(OPTIMIZERS, "_added", {})
    for added in (Drift, Searching, Plain):
        OPTIMIZERS.add(added)
    assert "not all in what it keeps" in optimizer_problems("drift", {})["name"]
    assert "closure" in optimizer_problems("searching", {})["name"]
    assert optimizer_problems("plain", {"drag": 0.9}) == {}
    assert list(optimizer_options("plain")) == ["drag"]
    assert "plain" in optimizer_names()
