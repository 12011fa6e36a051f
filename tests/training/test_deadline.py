"""A stage that is slower than planned gets fewer steps, and its rates still fall to their end. No time is measured."""

import time

import pytest
import torch

from visionft.assemble import assemble, load_data
from visionft.checkpoint import RunFolder
from visionft.stages import Stage, plan
from visionft.training import fit
from visionft.training.deadline import Deadline, Stint
from visionft.training.events import Notice, StepDone

STAGES = [{"name": "top", "unfreeze": 2, "epochs": 6, "augment": "light", "head_lr": 1e-2, "warmup": 0.0}]


def stint(steps=40, step_seconds=1.0, validation=2.0):
    planned = plan([Stage(name="s", steps=steps)], ("stem",), steps_per_epoch=10)[0]
    made = Stint(planned)
    made.stepped(step_seconds * 10, 10)
    made.validated(validation)
    return made, planned


@pytest.mark.parametrize(
    ("step", "seconds", "steps"),
    [
        (10, 36, 40),  # three epochs of ten seconds, each with its validation
        (10, 1000, 40),  # never more than was planned
        (10, 24, 30),
        (10, 17, 23),  # the last epoch is a part of one, and is validated too
        (30, 7, 35),
        (10, 1, 40),  # nothing can be done in time: whoever looks at the clock ends the stage
    ],
)
def test_as_many_steps_as_there_is_time_for(step, seconds, steps):
    made, planned = stint()
    assert made.length(planned, step, seconds) == steps


def test_a_stage_that_was_slow_at_first_gets_its_steps_back():
    made, planned = stint()
    shorter = planned.of_length(10, made.length(planned, 10, 24))
    assert shorter.steps == 30
    assert made.length(shorter, 20, 24) == 40


def test_the_length_is_looked_at_within_the_last_epoch_alone():
    made, planned = stint()
    assert not any(made.is_due(planned, step) for step in range(30))
    assert made.is_due(planned, 35)
    assert not made.is_due(planned, 40)
    assert Stint(planned).length(planned, 3, 1.0) == 40  # nothing is known yet


class Ended(Exception):
    """Stands for whatever ends a process."""


def trained(recipe, folder, stop_at=None):
    events = []

    def sink(event):
        events.append(event)
        if isinstance(event, StepDone) and event.step == stop_at:
            raise Ended

    job = assemble(recipe, load_data(recipe))
    outcome = fit(job, folder, [sink], deadline=Deadline(time.monotonic() + 1e6, (1.0,)))
    return job, outcome, events


@pytest.fixture
def slow(monkeypatch):
    """Let a stage of 24 steps have time for 10 after four of them, and for 14 after eight."""
    asked = []

    def length(_self, now, step, _seconds):
        asked.append(step)
        return {4: 10, 8: 14}.get(step, now.steps)

    monkeypatch.setattr(Stint, "length", length)
    return asked


@pytest.mark.parametrize("views", [None, 2])
def test_rates_fall_to_their_end_and_a_resumed_run_does_as_was_decided(views, tiny, tmp_path, slow):
    recipe = tiny(stages=[STAGES[0] | {"views": views}], runtime={"checkpoint_minutes": 1e-9})
    whole = RunFolder.create(recipe, tmp_path / "whole")
    job, outcome, events = trained(recipe, whole)
    assert outcome.results[0]["steps"] == 14
    assert "time" in outcome.results[0]["ended"]
    assert whole.info["lengths"] == {"top": [[4, 10], [8, 14]]}
    assert sum(isinstance(event, Notice) and "there is time for" in event.text for event in events) == 2
    rates = [event.rates["head"] for event in events if isinstance(event, StepDone)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.1 * rates[0]

    ended = RunFolder.create(recipe, tmp_path / "ended")
    with pytest.raises(Ended):
        trained(recipe, ended, stop_at=10)
    slow.clear()
    again, _, _ = trained(recipe, RunFolder.open(ended.path))
    assert all(step > 8 for step in slow)
    before, after = job.network.state_dict(), again.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_what_was_decided_holds_from_where_it_was_even_if_the_checkpoint_is_older(tiny, tmp_path, slow):
    recipe = tiny(stages=STAGES)
    job, _, _ = trained(recipe, RunFolder.create(recipe, tmp_path / "whole"))
    ended = RunFolder.create(recipe, tmp_path / "ended")
    with pytest.raises(Ended):
        trained(recipe, ended, stop_at=10)
    assert ended.info["lengths"] == {"top": [[4, 10], [8, 14]]}
    ended.checkpoints.delete()  # so that it begins again
    slow.clear()
    again, outcome, _ = trained(recipe, RunFolder.open(ended.path))
    assert outcome.results[0]["steps"] == 14
    assert all(step > 8 for step in slow)
    before, after = job.network.state_dict(), again.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_stage_without_a_deadline_keeps_its_length(tiny, train, slow):
    _, outcome, _ = train(tiny(stages=STAGES))
    assert (outcome.results[0]["steps"], slow) == (24, [])
