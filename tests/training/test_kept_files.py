"""Views in files: made once, shared by runs, never a wrong or a half-written one."""

import json
import os
import signal

import pytest
import torch

from visionft.errors import CheckpointError, Interrupted
from visionft.training.events import Notice, StepDone

STAGE = {"name": "top", "unfreeze": 2, "augment": "medium", "epochs": 2, "head_lr": 1e-2, "backbone_lr": 1e-3}

TRIED = 16  # images that two cuts look at


@pytest.fixture
def run(train, tmp_path):
    """Train with views in a folder; return weights, the images that the first layer saw, and what was told."""

    def go(recipe, name="run", **options):
        seen = []

        def watch(job):
            first = next(module for module in job.network.backbone.modules() if isinstance(module, torch.nn.Conv2d))
            first.register_forward_hook(lambda module, args, output: seen.append(with_values(output)))

        job, _, recorder = train(recipe, name, change=watch, **options)
        state = {key: tensor.clone() for key, tensor in job.network.state_dict().items()}
        return state, sum(seen), " ".join(event.text for event in recorder.of(Notice))

    return go


def with_values(output):
    plain = output.as_subclass(torch.Tensor)
    return 0 if plain.is_meta else len(plain)


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("kind", ["tiny", "scenes", "instances"])
def test_views_from_files_train_the_same_bits_and_are_made_once(kind, request, run, tmp_path):
    make = request.getfixturevalue(kind)
    options = {"stages": [STAGE | {"views": 2}], "augment": {"mosaic": 0.0, "mixup": 0.0, "cutmix": 0.0}}
    memory, _, _ = run(make(**options), "memory")
    first, made, told = run(make(cache={"folder": tmp_path / "kept"}, **options), "first")
    again, read, _ = run(make(cache={"folder": tmp_path / "kept"}, **options), "again")
    assert same(memory, first)
    assert same(first, again)
    assert f"kept in {tmp_path / 'kept'}" in told
    assert read <= TRIED < made


def test_too_much_for_memory_lies_in_the_run_folder_while_it_is_needed(tiny, run, tmp_path):
    memory, _, _ = run(tiny(stages=[STAGE | {"views": 2}]), "memory")
    state, _, told = run(tiny(stages=[STAGE | {"views": 2}], cache={"memory_gigabytes": 0}), "files")
    assert same(memory, state)
    assert "files/kept" in told
    assert not list(tmp_path.rglob("kept-*.bin"))


def test_runs_of_other_seeds_share_their_views(tiny, run, tmp_path):
    options = {"stages": [STAGE | {"views": 2}], "cache": {"folder": tmp_path / "kept"}}
    first, made, _ = run(tiny(seed=0, **options), "first")
    weights = tmp_path / "weights.pth"  # of which the frozen layers are those that the first run began with
    torch.save({key.removeprefix("backbone."): t for key, t in first.items() if key.startswith("backbone.")}, weights)
    second, read, _ = run(tiny(seed=1, backbone={"weights": str(weights)}, **options), "second")
    assert read <= TRIED < made
    assert not same(first, second)


@pytest.mark.parametrize(
    "change",
    [{"seed": 5}, {"input": {"size": 40}}, {"optim": {"batch_size": 3}}, {"augment": {"orientation": "any"}}],
    ids=["weights", "canvas", "batch", "policy"],
)
def test_what_is_computed_otherwise_is_made_anew(tiny, run, tmp_path, change):
    options = {"stages": [STAGE | {"views": 2, "epochs": 1}], "cache": {"folder": tmp_path / "kept"}}
    run(tiny(**options), "first")
    fresh, _, _ = run(tiny(**options | change | {"cache": {}}), "fresh")
    state, _, _ = run(tiny(**options | change), "changed")
    assert same(fresh, state)


def spoil_facts(view):
    (view / "view.json").write_text("{")


def spoil_rows(view):
    os.truncate(view / "kept-0.bin", 10)


def spoil_targets(view):
    (view / "targets.safetensors").unlink()


def other_form(view):
    facts = json.loads((view / "view.json").read_text())
    facts["forms"][0][1] = "torch.float64"
    (view / "view.json").write_text(json.dumps(facts))


@pytest.mark.parametrize("spoil", [spoil_facts, spoil_rows, spoil_targets, other_form])
def test_damaged_views_are_made_again(tiny, run, tmp_path, spoil):
    recipe = tiny(stages=[STAGE | {"views": 1, "epochs": 1}], cache={"folder": tmp_path / "kept"})
    first, made, _ = run(recipe, "first")
    for view in (tmp_path / "kept").iterdir():
        spoil(view)
    again, remade, _ = run(recipe, "again")
    assert same(first, again)
    assert remade == made


def test_what_a_killed_process_left_is_removed(tiny, run, tmp_path):
    left = tmp_path / "kept" / ".abc-plain.999999999"
    left.mkdir(parents=True)
    run(tiny(stages=[STAGE | {"views": 1, "epochs": 1}], cache={"folder": tmp_path / "kept"}))
    assert not left.exists()


def test_views_used_longest_ago_make_room(tiny, run, tmp_path):
    folder = tmp_path / "kept"
    options = {"stages": [STAGE | {"views": 1, "epochs": 1}]}
    run(tiny(cache={"folder": folder}, **options), "first")
    old = {view.name for view in folder.iterdir()}
    size = sum(file.stat().st_size for file in folder.rglob("kept-*.bin")) / 1e9
    run(tiny(cache={"folder": folder, "disk_gigabytes": 1.5 * size}, seed=3, **options), "second")
    now = {view.name for view in folder.iterdir()}
    assert now - old
    assert old - now


def test_half_takes_half_the_room_and_learns_about_the_same(tiny, run, tmp_path):
    options = {"stages": [STAGE | {"views": 2}], "runtime": {"precision": "fp32"}}
    sizes, states = [], []
    for half in (False, True):
        folder = tmp_path / f"kept-{half}"
        state, _, _ = run(tiny(cache={"folder": folder, "half": half}, **options), f"run-{half}")
        sizes.append(sum(file.stat().st_size for file in folder.rglob("kept-*.bin")))
        states.append(state)
    assert sizes[1] * 2 == sizes[0]
    for name, tensor in states[0].items():
        torch.testing.assert_close(states[1][name], tensor, rtol=2e-2, atol=2e-3)


def test_a_run_goes_on_as_it_began(tiny, train, tmp_path):
    steps = []

    def act(event):
        if isinstance(event, StepDone):
            steps.append(event)
            if len(steps) == 3:
                raise KeyboardInterrupt

    stage = STAGE | {"views": 2}
    whole, _, _ = train(tiny(stages=[stage], cache={"memory_gigabytes": 0}), "whole")
    with pytest.raises((KeyboardInterrupt, Interrupted)):
        train(tiny(stages=[stage], cache={"memory_gigabytes": 0}), "stopped", act=act)
    with pytest.raises(CheckpointError, match="a run ends as it began"):
        train(tiny(stages=[stage], cache={"memory_gigabytes": 0, "disk_gigabytes": 0}), "stopped")
    resumed, _, _ = train(tiny(stages=[stage], cache={"memory_gigabytes": 0}), "stopped")
    assert same(whole.network.state_dict(), resumed.network.state_dict())


@pytest.mark.parametrize("cache", [{}, {"memory_gigabytes": 0}], ids=["memory", "files"])
def test_a_stage_takes_the_views_of_the_one_before(tiny, run, tmp_path, cache):
    once = [STAGE | {"views": 2}, STAGE | {"name": "again", "views": 2, "head_lr": 1e-3}]
    _, alone, _ = run(tiny(stages=once[:1], cache=cache), "alone")
    state, both, _ = run(tiny(stages=once, cache=cache), "both")
    assert both <= alone + TRIED
    assert not list(tmp_path.rglob("kept-*.bin"))
    other = [once[0], once[1] | {"augment": "light"}]
    _, seen, _ = run(tiny(stages=other, cache=cache), "other")
    assert seen > both + TRIED

    with pytest.raises(Interrupted):  # in the second stage, whose views are made again then
        run(tiny(stages=once, cache=cache), "stopped", act=stopped_in("again"))
    resumed, _, _ = run(tiny(stages=once, cache=cache), "stopped")
    assert same(state, resumed)
    assert not list(tmp_path.rglob("kept-*.bin"))


def test_a_stage_without_views_lets_go_of_them(tiny, run, tmp_path):
    stages = [STAGE | {"views": 2}, STAGE | {"name": "plain", "unfreeze": "all", "epochs": 1}]
    _, _, _ = run(tiny(stages=stages, cache={"memory_gigabytes": 0}), act=nothing_kept_in("plain", tmp_path))


def test_what_runs_the_frozen_layers_is_exported_once(tiny, run, tmp_path):
    stages = [STAGE | {"views": 2}, STAGE | {"name": "again", "views": 2, "head_lr": 1e-3}]
    run(tiny(stages=stages, runtime={"frozen": "onnxruntime"}))
    found = json.loads((tmp_path / "run" / "run.json").read_text())["frozen"]
    assert (found["again"]["engine"], found["again"]["why"]) == ("onnxruntime", "as in stage top")


def stopped_in(stage):
    def act(event):
        if isinstance(event, StepDone) and event.stage == stage:
            os.kill(os.getpid(), signal.SIGINT)

    return act


def nothing_kept_in(stage, folder):
    def act(event):
        if isinstance(event, StepDone) and event.stage == stage:
            assert not list(folder.rglob("kept-*.bin"))

    return act
