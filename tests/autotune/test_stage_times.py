"""What is measured of a stage: which parts there are, that nothing is learned; never how long it takes."""

import pytest
import torch

import visionft as vft
from visionft.assemble import assemble, load_data
from visionft.autotune.estimate import measure_stages, outline
from visionft.autotune.finish import measure_finish
from visionft.training import frozen_engine

HEAD = {"name": "head", "unfreeze": "none", "epochs": 2, "augment": "none"}
TOP = {"name": "top", "unfreeze": 2, "epochs": 3, "augment": "light"}
ALL = {"name": "all", "unfreeze": "all", "epochs": 1, "augment": "light"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    for name in ("timing._ENOUGH", "stage_times._READING", "stage_times._STEP"):
        monkeypatch.setattr(f"visionft.autotune.{name}", 0.01)


def job_of(recipe):
    return assemble(recipe, load_data(recipe))


@pytest.mark.parametrize("kind", ["tiny", "scenes", "objects", "instances"])
def test_every_part_is_measured_and_nothing_is_learned(kind, request):
    job = job_of(request.getfixturevalue(kind)(stages=[HEAD, TOP, ALL]))
    before = {name: tensor.clone() for name, tensor in job.network.state_dict().items()}
    state = torch.get_rng_state()
    head, top, whole = measure_stages(job, measure_stages(job))
    assert all(torch.equal(before[name], tensor) for name, tensor in job.network.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert head.single_pass == (kind == "tiny")
    assert [times.why_not for times in (head, top)] == ["", ""]
    assert all(times.kept and times.kept.prefix > 0 and times.kept.size > 0 for times in (head, top))
    assert whole.kept is None
    assert whole.why_not == "nothing is frozen"
    assert top.step > 0 < top.forward
    assert measure_finish(job, top.decode).total > 0
    rows = outline(job, (head, top, whole))
    assert [row["stage"] for row in rows] == ["head", "top", "all"]
    assert rows[0]["parameters"] < rows[1]["parameters"] <= rows[2]["parameters"]
    assert all(row["seconds"] >= 0 for row in rows)  # which are rounded


def test_a_stage_with_views_is_estimated_with_them(tiny):
    job = job_of(tiny(stages=[TOP | {"name": "kept", "views": 1}, TOP]))
    times = measure_stages(job)
    assert (times[0].kept is None, times[1].kept is None) == (False, True)
    assert (times[0].step, times[1].step > 0) == (0.0, True)


@pytest.mark.parametrize("stage", [HEAD, HEAD | {"augment": "light", "views": 2}])
def test_fitting_a_head_takes_time(stage, tiny):
    plain, fitted = (measure_stages(job_of(tiny(stages=[stage | {"fit_head": fit}])))[0] for fit in (False, True))
    assert plain.kept.fit == 0 < fitted.kept.fit


def test_what_runs_frozen_layers_is_found_once_for_plan_and_run(tiny, tmp_path, monkeypatch):
    made = []
    graph = frozen_engine.PrefixGraph

    class Counted(graph):
        def __init__(self, *parts):
            made.append(parts)
            super().__init__(*parts)

    monkeypatch.setattr(frozen_engine, "PrefixGraph", Counted)
    recipe = tiny(stages=[TOP | {"views": 2}], runtime={"frozen": "onnxruntime"})
    prefixes = {}
    times = measure_stages(job_of(recipe), prefixes=prefixes)
    assert [prefix.choice.engine for prefix in prefixes.values()] == ["onnxruntime"]
    assert times[0].kept.prefix > 0
    assert measure_stages(job_of(recipe))[0].kept.prefix > 0  # torch alone, where nobody takes what is found
    assert len(made) == 1
    run = vft.train(recipe, out=tmp_path / "run", progress=False)
    assert run.info["frozen"]["top"]["engine"] == "onnxruntime"
    assert len(made) == 2
