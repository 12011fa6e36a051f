"""Optimizers, schedules, losses and sampling of a recipe in training: interrupted anywhere, it ends the same."""

import pytest
import torch
from torch import nn

from tests.training.test_resume import model_bytes, stop_after
from visionft.api.registration import register
from visionft.checkpoint import RunFolder
from visionft.errors import Interrupted, RecipeError
from visionft.models.losses import LOSSES

STAGES = [
    {"name": "head", "unfreeze": "none", "epochs": 1, "head_lr": 1e-2, "augment": "none", "schedule": "constant"},
    {
        "name": "all",
        "epochs": 2,
        "norm": "all",
        "backbone_lr": 1e-2,
        "layer_decay": 0.8,
        "sampling": "square_root",
        "schedule": "one_cycle",
        "schedule_options": {"start": 10},
    },
]


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    for catalog in LOSSES:
        monkeypatch.setattr(catalog, "_added", {})


@pytest.fixture(scope="module")
def tail(image_folder, tmp_path_factory):
    """Bars, a few discs, hardly any ring; without given splits."""
    root = tmp_path_factory.mktemp("tail")
    for shape, number in (("bar", 24), ("disc", 9), ("ring", 5)):
        (root / shape).mkdir()
        for file in sorted((image_folder / shape).iterdir())[:number]:
            (root / shape / file.name).symlink_to(file)
    return root


@pytest.mark.parametrize(
    ("name", "options", "ema", "loss", "step"),
    [
        ("sgd", {"momentum": 0, "nesterov": False}, 0.9, "cross_entropy", 5),  # which keeps no state
        ("adan", {}, None, "logit_adjusted", 1),  # which counts steps for a group
        ("muon", {}, 0.9, "balanced_softmax", 5),  # a mixture of two rules
        ("lion", {"betas": [0.9, 0.98]}, None, "focal", 4),
    ],
)
def test_interrupted_anywhere_ends_the_same(tiny, tail, train, tmp_path, name, options, ema, loss, step):
    recipe = tiny(
        data={"path": str(tail), "sampling": "balanced"},
        task={"dropout": 0.3, "loss": loss},
        augment={"mixup": 0.5},
        optim={"name": name, "options": options, "ema": ema, "batch_size": 8},
        stages=STAGES,
    )
    whole, outcome, _ = train(recipe, "whole")
    with pytest.raises(Interrupted):
        train(recipe, "stopped", act=stop_after(step))
    resumed, _, _ = train(recipe, "stopped")
    assert model_bytes(resumed, tmp_path / "a") == model_bytes(whole, tmp_path / "b")
    assert [result["steps"] for result in outcome.results] == [plan.steps for plan in whole.plans]


def test_kept_features_are_drawn_as_images_are(tiny, tail, train):
    """A frozen backbone sees what it would see image by image."""

    def trained(**stage):
        recipe = tiny(
            data={"path": str(tail), "sampling": "balanced"}, optim={"batch_size": 8}, stages=[STAGES[0] | stage]
        )
        job, _, _ = train(recipe, f"run{len(stage)}", change=lambda job: keep_nothing(job) if stage else None)
        return job.network.head.linear.weight

    def keep_nothing(job):
        type(job.network.head).keeps_features = False

    kept = trained()
    try:
        each = trained(name="other")
    finally:
        from visionft.models.heads.linear import LinearHead

        LinearHead.keeps_features = True
    torch.testing.assert_close(kept, each)


def test_further_draws_of_an_image_are_augmented_in_their_own_way(tiny, tail):
    from visionft.assemble import assemble, load_data

    recipe = tiny(
        data={"path": str(tail), "sampling": "balanced"}, stages=[{"name": "s", "epochs": 1, "augment": "strong"}]
    )
    job = assemble(recipe, load_data(recipe))
    with job.train_loader(job.recipe.stages[0]) as loader:
        drawn = [
            (name, image.numpy().tobytes())
            for batch in loader.training(0)
            for name, image in zip(batch.ids, batch.images_BHW3, strict=True)
        ]
    assert len(drawn) == len(job.dataset.split("train"))
    assert len({name for name, _ in drawn}) < len(drawn)
    assert len(set(drawn)) == len(drawn)


class Prototypes(nn.Module):
    """A loss with a weight of its own, and an option."""

    kind = "prototypes"

    def __init__(self, pull: float = 1.0) -> None:
        super().__init__()
        self.pull = pull
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, logits_BK, targets):
        return self.pull * nn.functional.cross_entropy(self.scale * logits_BK, targets)


def test_a_loss_of_a_program_trains_its_own_weights(tiny, train, tmp_path):
    register("loss")(Prototypes)
    recipe = tiny(task={"loss": "prototypes", "loss_options": {"pull": 2.0}}, stages=STAGES)
    whole, _, _ = train(recipe, "whole")
    learned = whole.network.state_dict()["head.loss_prototypes.scale"]
    assert learned != 1
    with pytest.raises(Interrupted):
        train(recipe, "stopped", act=stop_after(3))
    checkpoint, _ = RunFolder.open(tmp_path / "stopped").checkpoints.load_newest()
    assert "head.loss_prototypes.scale/exp_avg" in checkpoint.optimizer
    resumed, _, _ = train(recipe, "stopped")
    assert resumed.network.state_dict()["head.loss_prototypes.scale"] == learned


@pytest.mark.parametrize(
    ("task", "part"),
    [
        ({"loss_options": {"pul": 2}}, "task.loss_options.pul: unknown option; did you mean 'pull'"),
        ({"class_weights": "balanced"}, "loss 'prototypes': takes no weights"),
    ],
)
def test_what_a_loss_of_a_program_does_not_take(tiny, train, task, part):
    register("loss")(Prototypes)
    with pytest.raises((RecipeError, ValueError), match=part.split(":")[-1].strip()):
        train(tiny(task={"loss": "prototypes"} | task, stages=STAGES[:1]))


def test_a_loss_must_be_one_number(tiny, train):
    @register("loss")
    class PerImage:
        kind = "per_image"

        def __call__(self, logits_BK, targets, weights_K=None):
            return nn.functional.cross_entropy(logits_BK, targets, weights_K, reduction="none")

    with pytest.raises(RecipeError, match=r"loss 'per_image': gives a tensor of \(16,\)"):
        train(tiny(task={"loss": "per_image"}, stages=STAGES[:1]))


def test_a_name_that_ships_is_not_given_away():
    class Mine:
        kind = "dice"  # of one kind of output only

    with pytest.raises(ValueError, match="there is one already"):
        register("loss")(Mine)
    assert all("dice" not in catalog._added for catalog in LOSSES)
