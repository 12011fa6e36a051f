"""What is known of a network saves building it, and can never be what makes a check fail or lie."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import timm
from torch import nn

from visionft.api import check, checking, known_networks
from visionft.api.known_networks import NetworkFacts, keep_facts, known_facts, network_key
from visionft.assemble.sizing import Sizing
from visionft.models.backbones import BACKBONES
from visionft.models.heads import HEADS
from visionft.spec import InputSpec, Reading

FACTS = NetworkFacts(InputSpec(32, 64, mean=(0.5, 0.25, 0.0), reading=Reading((0.0, 4095.0))), ("stem", "head"))


@pytest.fixture
def folder():
    return Path(os.environ["VISIONFT_CACHE"])


@pytest.fixture
def built(monkeypatch):
    """Return the recipes for which a network was built, in order."""
    from visionft.api import network_trial

    found = []
    build = network_trial.try_network
    monkeypatch.setattr(
        network_trial, "try_network", lambda recipe, *rest: found.append(recipe) or build(recipe, *rest)
    )
    return found


@pytest.fixture
def two_classes(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(6):
            picture = np.random.default_rng(number).integers(0, 255, (40, 40, 3), np.uint8)
            cv2.imwrite(str(tmp_path / "pets" / name / f"{number}.png"), picture)
    return tmp_path / "pets"


def test_other_data_are_checked_without_torch(tiny, two_classes):
    settings = ("backbone.name=test_resnet", "input.size=32", "stages.top.unfreeze=2")
    assert check(tiny().data.path, settings).ok
    asked = f"assert check({str(two_classes)!r}, {settings!r}).ok"
    code = f"import sys; from visionft.api import check; {asked}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("made", ["tiny", "scenes", "objects"])
def test_what_is_told_is_the_same_from_memory(made, request, built):
    recipe = request.getfixturevalue(made)()
    first = check(recipe)
    assert check(recipe) == first
    assert len(built) == 1


def test_what_depends_on_stages_and_data_is_checked_all_the_same(tiny, built, tmp_path):
    recipe = tiny()
    check(recipe)
    deep = check(recipe, {"stages": {recipe.stages[0].name: {"unfreeze": 99}}})
    assert "99 depth groups asked for" in "\n".join(deep.errors)
    assert len(built) == 1


def test_what_does_not_work_is_told_every_time(tiny, built):
    wrong = tiny(backbone={"name": "torchvision/squeezenet1_1", "weights": "none"}, input={"size": 16})
    assert check(wrong).errors == check(wrong).errors != ()
    assert len(built) == 2


@pytest.mark.parametrize(
    "section",
    [
        {"backbone": {"name": "test_vit", "weights": "none"}},
        {"backbone": {"drop_path": 0.1}},
        {"input": {"size": 64}},
        {"stages": [{"name": "a", "epochs": 1, "image_size": 64}]},
        {"task": {"dropout": 0.5}},
        {"export": {"try_first": False}},
    ],
)
def test_another_network_has_another_key(tiny, section):
    recipes = tiny(stages=[{"name": "a", "epochs": 1}]), tiny(**{"stages": [{"name": "a", "epochs": 1}]} | section)
    first, other = (network_key(recipe, Sizing.of(recipe, None), with_head=True) for recipe in recipes)
    assert first != other
    assert None not in (first, other)


def test_rows_and_data_are_part_of_the_key(objects):
    recipe = objects()
    few = replace(Sizing.of(recipe, None), arguments={"max_detections": 100})
    keys = {network_key(recipe, sizing, with_head=True) for sizing in (few, replace(few, arguments={}))}
    assert len({*keys, network_key(recipe, few, with_head=False)}) == 3


class Own(nn.Module):
    kind = "own"


def registered_with_timm(monkeypatch):
    monkeypatch.setattr("visionft.models.backbones.names._registered_with_timm", lambda: frozenset({"own"}))
    return {"backbone": {"name": "own", "weights": "none"}}


def put_over_one_of_timms(monkeypatch):
    monkeypatch.setitem(timm.models._registry._model_entrypoints, "test_resnet", Own)
    return {"backbone": {"name": "test_resnet", "weights": "none"}}


def registered_here(monkeypatch):
    monkeypatch.setattr(BACKBONES, "_added", {"own": Own})
    return {"backbone": {"name": "own", "weights": "none"}}


def a_head_of_ones_own(monkeypatch):
    monkeypatch.setattr(HEADS, "_added", {"own": HEADS["linear"]})
    return {"task": {"head": "own"}}


@pytest.mark.parametrize(
    "made",
    [
        registered_with_timm,
        put_over_one_of_timms,
        registered_here,
        a_head_of_ones_own,
        lambda _: {"backbone": {"weights": "model.safetensors"}},
        lambda _: {"backbone": {"weights": "package"}},
        lambda _: {"backbone": {"name": "hf-hub:owner/name"}},
        lambda _: {"backbone": {"name": "local-dir:/tmp/network"}},
        lambda _: {"augment": {"extra": [{"CLAHE": {}}]}},
    ],
)
def test_nothing_is_kept_that_may_change_without_a_trace(tiny, made, monkeypatch):
    recipe = tiny(**made(monkeypatch))
    assert network_key(recipe, Sizing.of(recipe, None), with_head=True) is None


def test_what_is_kept_comes_back():
    keep_facts("one", FACTS)
    keep_facts("other", replace(FACTS, groups=()))
    assert known_facts("one") == FACTS
    assert known_facts("other") == replace(FACTS, groups=())
    assert known_facts("third") is None


@pytest.mark.parametrize("what", ["versions", "code"])
def test_other_libraries_or_code_find_out_anew(what, monkeypatch):
    keep_facts("key", FACTS)
    if what == "versions":
        monkeypatch.setattr(known_networks, "versions", lambda: {"torch": "0.1"})
    else:
        monkeypatch.setattr(known_networks.visionft, "__file__", __file__)
    assert known_facts("key") is None
    keep_facts("key", FACTS)
    assert known_facts("key") == FACTS


def cut(text):
    return text[: len(text) // 2]


def without_networks(text):
    return json.dumps({"made_by": json.loads(text)["made_by"]})


def with_facts(facts):
    return lambda text: json.dumps(json.loads(text) | {"networks": {"key": facts}})


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        without_networks,
        lambda _: "",
        lambda _: "[1]",
        lambda _: "\0" * 100,
        with_facts({}),
        with_facts(None),
        with_facts({"input": {"mean": 1}, "groups": []}),
        with_facts({"input": None, "groups": ["stem"]}),
        with_facts({"input": {"height": 32, "width": 32, "mean": [0, 0, 0], "std": [1, 1, 1]}, "groups": [1]}),
        with_facts({"input": {"height": 32, "mean": [0, 0, 0], "std": [1, 1, 1], "depth": 1}, "groups": []}),
    ],
)
def test_a_damaged_file_is_written_anew(damage, folder):
    keep_facts("key", FACTS)
    (path,) = folder.iterdir()
    path.write_text(damage(path.read_text()))
    assert known_facts("key") is None
    keep_facts("key", FACTS)
    assert known_facts("key") == FACTS
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("setting", ["/dev/null/cache", "~nobody-has-this-name/cache"])
def test_where_nothing_can_be_kept_nothing_fails(tiny, monkeypatch, setting):
    monkeypatch.setenv("VISIONFT_CACHE", setting)
    assert check(tiny()).ok


def test_a_full_disk_is_no_failure(full_disk, folder):
    keep_facts("key", FACTS)
    assert known_facts("key") is None
    assert not any(folder.iterdir())


def test_the_file_stays_small(monkeypatch):
    monkeypatch.setattr(known_networks, "_MOST", 3)
    for number in range(5):
        keep_facts(str(number), FACTS)
    keep_facts("2", FACTS)
    assert [known_facts(str(number)) is not None for number in range(5)] == [False, False, True, True, True]


def test_two_processes_leave_a_file_that_holds_what_one_has_written(folder):
    code = (
        "import sys; from visionft.api.known_networks import *; from visionft.spec import InputSpec\n"
        "for n in range(40): keep_facts(f'{sys.argv[1]}{n}', NetworkFacts(InputSpec(32, 32), ('stem',)))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, name]) for name in "ab"]
    assert [process.wait() for process in running] == [0, 0]
    assert any(known_facts(f"{name}39") for name in "ab")
    assert [path.name for path in folder.iterdir()] == ["networks.json"]


def test_torch_is_not_asked_where_nothing_needs_a_device(tiny):
    assert not checking._needs_a_device(tiny(runtime={"device": "auto"}))
    for asked in ({"runtime": {"device": "cuda"}}, {"augment": {"device": "cuda"}}, {"runtime": {"resident": True}}):
        assert checking._needs_a_device(tiny(**asked))
