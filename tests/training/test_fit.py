"""The loop as a whole, on a network that trains in a second."""

from dataclasses import replace

import pytest
import torch

from visionft.checkpoint import RunFolder
from visionft.errors import TrainingError
from visionft.seeds import derive_seed
from visionft.training.events import EpochDone, Notice, StageEnded, StageStarted, StepDone


def weights(job):
    return {name: tensor.clone() for name, tensor in job.network.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_the_loss_falls_and_the_classes_are_learned(tiny, train):
    recipe = tiny(stages=[{"name": "all", "epochs": 12, "norm": "all", "head_lr": 3e-3, "backbone_lr": 3e-3}])
    _, outcome, _ = train(recipe)
    losses = [row["train_loss"] for row in outcome.history]
    assert sum(losses[6:]) / 6 < 0.5 * losses[0]  # the mean: batch norm on a short last batch makes single epochs jump
    assert outcome.val["accuracy"] >= 0.8


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_do_not_change_the_weights(tiny, train, workers):
    alone, _, _ = train(tiny(), "alone")
    helped, _, _ = train(tiny(runtime={"workers": workers}), "helped")
    assert same(weights(alone), weights(helped))


def test_the_seed_changes_the_weights(tiny, train):
    first, _, _ = train(tiny(), "first")
    second, _, _ = train(tiny(seed=1), "second")
    assert not same(weights(first), weights(second))


def test_the_head_stage_leaves_the_backbone_alone(tiny, train):
    before = {}
    recipe = tiny(stages=[{"name": "head", "unfreeze": "none", "epochs": 1}])
    job, _, _ = train(recipe, change=lambda job: before.update(weights(job)))
    after = weights(job)
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("backbone."))
    assert not torch.equal(before["head.linear.weight"], after["head.linear.weight"])


def test_the_network_ends_with_the_best_weights(tiny, train):
    """A last stage whose rate destroys the network must not win."""
    stages = [
        {"name": "good", "epochs": 3, "norm": "all", "head_lr": 1e-2},
        {"name": "bad", "epochs": 2, "norm": "all", "head_lr": 50.0, "backbone_lr": 50.0, "schedule": "constant"},
    ]
    _, outcome, recorder = train(tiny(stages=stages))
    best = min(row["val"]["loss"] for row in outcome.history)
    assert outcome.val["loss"] == best
    assert outcome.results[1]["best_epoch"] <= 3
    rows = recorder.of(EpochDone)
    assert [event.best for event in rows if event.row["stage"] == 1] == [False, False]


def test_the_last_weights_are_taken_where_the_recipe_says_so(tiny, train):
    stages = [
        {"name": "good", "epochs": 3, "norm": "all", "head_lr": 1e-2},
        {"name": "bad", "epochs": 1, "norm": "all", "head_lr": 50.0, "backbone_lr": 50.0, "schedule": "constant"},
    ]
    _, outcome, _ = train(tiny(stages=stages, evaluate={"select": "last"}))
    assert outcome.val == outcome.history[-1]["val"]
    assert outcome.val["loss"] > outcome.history[2]["val"]["loss"]


def test_a_new_canvas_is_valued_before_it_trains(tiny, train):
    """Validation values at two sizes cannot be compared, so the start is valued at the new one."""
    stages = [
        {"name": "small", "epochs": 1, "image_size": 32},
        {"name": "large", "steps": 1, "image_size": 64, "head_lr": 1e-9, "backbone_lr": 1e-9, "unfreeze": "none"},
    ]
    job, outcome, _ = train(tiny(stages=stages))
    assert (job.input.height, job.input.width) == (64, 64)
    assert outcome.results[1]["best"]["loss"] == pytest.approx(outcome.history[1]["val"]["loss"], rel=1e-5)


def test_patience_ends_a_stage(tiny, train):
    stages = [{"name": "s", "unfreeze": "none", "epochs": 50, "head_lr": 1e-12, "warmup": 0, "patience": 2}]
    _, outcome, _ = train(tiny(stages=stages, task={"dropout": 0.0}))
    assert outcome.results[0]["epochs"] < 50
    assert outcome.results[0]["ended"] == "no better validation for 2 epochs"


def test_a_budget_ends_a_stage(tiny, train):
    _, outcome, _ = train(tiny(stages=[{"name": "s", "epochs": 10_000, "budget_minutes": 0.01}]))
    assert outcome.results[0]["ended"] == "its time budget is spent"


def test_steps_can_end_inside_an_epoch(tiny, train):
    _, outcome, recorder = train(tiny(stages=[{"name": "s", "steps": 5}]))
    assert [row["step"] for row in outcome.history] == [4, 5]  # 54 training images, batches of 16
    assert len(recorder.of(StepDone)) == 5


def test_accumulation_counts_optimizer_steps(tiny, train):
    _, outcome, _ = train(tiny(optim={"accumulate": 3}, stages=[{"name": "s", "epochs": 2}]))
    assert [row["step"] for row in outcome.history] == [2, 4]


def test_accumulation_gives_the_gradient_of_the_mean(tiny, train):
    """Two batches of 8 must move the head as far as one of 16 does."""
    stages = [{"name": "s", "unfreeze": "none", "steps": 1, "head_lr": 1e-2, "augment": "none"}]
    common = {"stages": stages, "task": {"dropout": 0.0}}
    whole, _, _ = train(tiny(optim={"batch_size": 16}, **common), "whole")
    halves, _, _ = train(tiny(optim={"batch_size": 8, "accumulate": 2}, **common), "halves")
    first, second = weights(whole)["head.linear.weight"], weights(halves)["head.linear.weight"]
    assert first.abs().max() > 0
    torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-6)


def test_events_come_in_order(tiny, train):
    _, _, recorder = train(tiny())
    kinds = [type(event) for event in recorder.events if not isinstance(event, StepDone)]
    assert kinds == [StageStarted, EpochDone, StageEnded, StageStarted, EpochDone, EpochDone, StageEnded]


HOT = {"name": "hot", "epochs": 2, "head_lr": 1e30, "backbone_lr": 1e30, "norm": "affine"}


class TestNotFinite:
    def poison(self, job, *, from_step, until_step):
        """Make the loss NaN for some steps of the run."""
        forward, calls = job.network.forward, []

        def poisoned(batch):
            calls.append(batch.ids)
            returned = forward(batch)
            if from_step <= len(calls) - 1 < until_step:
                return replace(returned, total=returned.total * float("nan"))
            return returned

        job.network.forward = poisoned
        return calls

    def test_a_bad_step_is_not_applied_and_its_files_are_named(self, tiny, train):
        recipe = tiny(stages=[{"name": "s", "steps": 1, "norm": "all"}])
        before = {}

        def change(job):
            before.update(weights(job))
            self.calls = self.poison(job, from_step=0, until_step=1)

        job, _, recorder = train(recipe, change=change)
        notice = recorder.of(Notice)[0].text
        assert "step 1 was not finite" in notice
        assert all(name in notice for name in self.calls[0])
        assert same(before, weights(job))

    def test_norm_statistics_recover_from_a_bad_image(self, tiny, train):
        recipe = tiny(stages=[{"name": "s", "steps": 3, "norm": "all"}])

        def change(job):
            forward, calls = job.network.forward, []

            def poisoned(batch):
                calls.append(1)
                if len(calls) == 2:
                    batch = replace(batch, images_BHW3=batch.images_BHW3.float() * float("nan"))
                return forward(batch)

            job.network.forward = poisoned

        job, _, recorder = train(recipe, change=change)
        assert len(recorder.of(Notice)) == 1
        assert all(torch.isfinite(t).all() for t in weights(job).values() if t.is_floating_point())

    def test_too_many_in_a_row_stop_with_the_state_saved(self, tiny, train, tmp_path):
        recipe = tiny(optim={"max_skipped": 2}, stages=[{"name": "s", "epochs": 3}])
        with pytest.raises(TrainingError, match=r"stages\.s: 2 steps in a row"):
            train(recipe, change=lambda job: self.poison(job, from_step=1, until_step=99))
        checkpoint, damages = RunFolder.open(tmp_path / "run").checkpoints.load_newest()
        assert checkpoint.progress["step"] == 3
        assert damages == []

    def test_weights_that_answer_nan_are_told_by_their_cause(self, tiny, train):
        recipe = tiny(optim={"clip_norm": None}, stages=[HOT])
        with pytest.raises(TrainingError, match=r"stages\.hot: .*lower its head_lr \(now 1e\+30\)") as refused:
            train(recipe)
        assert "logits" not in str(refused.value)
        assert "set optim.clip_norm" in str(refused.value)
        assert "precision" not in str(refused.value)  # it is fp32 already


def test_step_seeds_differ():
    assert len({derive_seed(0, "step", step) for step in range(1000)}) == 1000
