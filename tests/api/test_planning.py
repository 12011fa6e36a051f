"""Stages that are decided when a run begins: written down, kept when it goes on, shown without running it."""

from dataclasses import replace

import pytest
import torch

import visionft as vft
from visionft.api.foresight import foresee
from visionft.api.planning import as_decided
from visionft.autotune import planning
from visionft.autotune.cost import KeptTimes, StageTimes
from visionft.autotune.finish import Finish
from visionft.errors import RecipeError
from visionft.recipe import load_recipe, recipe_from_data
from visionft.training.deadline import Deadline
from visionft.training.events import Notice

TINY = ["backbone.name=test_resnet", "backbone.weights=none", "stages.top.unfreeze=2"]
STAGES = [
    {"name": "head", "unfreeze": "none", "epochs": 2, "augment": "none"},
    {"name": "top", "unfreeze": 2, "epochs": 6, "augment": "light"},
]


@pytest.fixture(autouse=True)
def _made_up(monkeypatch):
    """An image takes as long in every stage, however busy the machine is: 44 for training, 11 for validation."""

    def times(job, known=(), prefixes=None):
        one = StageTimes(0.0, 0.0, 1.0, 0.5, kept=KeptTimes(0.4, 0.2, 0.1, 100))
        frozen = replace(one, kept=None, why_not="nothing is frozen")
        stages = [(plan, frozen if plan.stage.unfreeze == "all" else one) for plan in job.plans]
        return tuple(replace(each, single_pass=not plan.groups) for plan, each in stages)

    monkeypatch.setattr(planning, "measure_stages", times)
    monkeypatch.setattr(planning, "measure_finish", lambda job, decode: Finish(1.0, 1.0, 1.0))


def test_views_that_are_left_open_are_decided_and_written_down(tiny, tmp_path):
    recipe = tiny(stages=[STAGES[0], STAGES[1] | {"views": "auto"}])
    run = vft.train(recipe, out=tmp_path / "run", progress=False)
    chosen = run.recipe.stages[1].views
    assert isinstance(chosen, int)
    assert run.info["plan"]["asked"][1]["views"] == "auto"
    assert any(f"views: {chosen}" in line for line in run.info["plan"]["why"])
    same = as_decided(recipe, run.recipe, run.info)
    assert same.stages == run.recipe.stages
    other = load_recipe(recipe, ["stages.top.epochs=7"])
    assert as_decided(other, run.recipe, run.info).stages[1].epochs == 7
    assert vft.train(recipe, out=tmp_path / "run", resume=True, progress=False).path == run.path


def test_a_budget_shortens_the_stages(tiny):
    asked = tiny(stages=STAGES, budget="200s")
    seen = foresee(asked, progress=False)
    assert seen.seconds <= 200
    assert sum(row["epochs"] for row in seen.stages) < 8
    assert any("epochs" in line for line in seen.why)
    assert sum("budget of" in line for line in seen.why) == 1
    plenty = foresee(tiny(stages=STAGES, budget="3h"), progress=False)
    assert [row["epochs"] for row in plenty.stages] == [2, 6]


def test_a_budget_that_is_too_small_leaves_nothing_behind(tiny, tmp_path):
    with pytest.raises(RecipeError, match="too little"):
        vft.train(tiny(stages=STAGES, budget="20s"), out=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_the_recipe_of_a_plan_gives_the_plan(image_folder, tmp_path):
    overrides = [*TINY, "optim.batch_size=4", "task.dropout=0.3", "data.classes={a: bar}", "budget=300s"]
    overrides[-2] = "augment.ranges={rotate: 3}"
    seen = foresee(image_folder, overrides=overrides, progress=False)
    file = tmp_path / "mine.yaml"
    file.write_text(seen.recipe)
    again = foresee(file, progress=False)
    assert [row["epochs"] for row in again.stages] == [row["epochs"] for row in seen.stages]
    assert sum(row["epochs"] for row in again.stages) < 20  # which are asked for
    assert load_recipe(file) == recipe_from_data(image_folder, overrides)
    assert not list(tmp_path.glob("run*"))


@pytest.mark.parametrize("kind", ["image_folder", "mask_folder", "box_folder"])
def test_what_init_writes_is_what_data_alone_are_trained_with(kind, request, tmp_path):
    folder = request.getfixturevalue(kind)
    overrides = TINY if kind == "image_folder" else TINY[:2]
    file = tmp_path / "mine.yaml"
    file.write_text(foresee(folder, overrides=overrides, progress=False).recipe)
    assert load_recipe(file) == recipe_from_data(folder, overrides)


def test_a_loss_of_the_programs_own_is_in_the_place_of_the_planned_one(image_folder):
    job = vft.build(image_folder, overrides=TINY, loss=torch.nn.CrossEntropyLoss(), progress=False)
    assert job.recipe.task.label_smoothing == 0


def test_data_alone_keep_to_a_time_that_is_told(image_folder, tmp_path):
    notices = []
    short = [*TINY, "stages.head.epochs=1", "stages.top.epochs=1", "stages.all.epochs=1"]
    run = vft.train(image_folder, overrides=short, out=tmp_path / "run", sinks=[notices.append], progress=False)
    told = " ".join(notice.text for notice in notices if isinstance(notice, Notice))
    assert "10 min" in told
    assert "budget=30m" in told
    assert "the head was fitted" in told
    assert [stage.views for stage in run.recipe.stages] == [4, 4, None]
    assert run.recipe.budget == "auto"


def test_what_is_left_of_the_time_is_shared_out_as_planned():
    deadline = Deadline(at=110.0, shares=(1.0, 3.0, 6.0))
    assert deadline.of_stage(0, now=10.0) == pytest.approx(20.0)
    assert deadline.of_stage(1, now=20.0) == pytest.approx(50.0)
    assert deadline.of_stage(2, now=50.0) == 110.0
    assert deadline.of_stage(2, now=120.0) == 120.0  # late already


def test_a_run_that_is_late_ends_its_stages_and_is_whole(tiny, tmp_path, monkeypatch):
    late = planning.decide_stages

    def decided(job, spent):
        return replace(late(job, spent), budget=1e-3)

    monkeypatch.setattr("visionft.api.planning.decide_stages", decided)
    run = vft.train(tiny(stages=STAGES), out=tmp_path / "run", progress=False)
    assert [stage["ended"] for stage in run.stages] == ["its time budget is spent"] * 2
    assert run.evaluate().accuracy >= 0
