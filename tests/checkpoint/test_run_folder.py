"""Where a run lives."""

import errno
import os
from pathlib import Path

import pytest
import torch

from visionft.checkpoint import RunFolder
from visionft.errors import CheckpointError, DataError
from visionft.recipe import Recipe, load_recipe
from visionft.spec import InputSpec, ModelSpec

SPEC = ModelSpec("classification", ("a", "żaba"), InputSpec(32, 32))


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def recipe():
    return Recipe(name="cells")


def paths_of(name):
    return [folder.path for folder in RunFolder.of_name(name)]


def test_numbers_go_up_and_gaps_stay(recipe):
    assert paths_of("cells") == []
    assert RunFolder.create(recipe).path == Path("runs/cells-001")
    assert RunFolder.create(recipe).path == Path("runs/cells-002")
    Path("runs/cells-0009").mkdir()
    assert RunFolder.create(recipe).path == Path("runs/cells-010")
    assert paths_of("cells") == [Path(f"runs/cells-{number}") for number in ("010", "002", "001")]


def test_other_names_do_not_count(recipe):
    for name in ("cells-extra-007", "cells-x", "cellsx-008", "cells-009.bak", "my-cells-011"):
        Path("runs", name).mkdir(parents=True)
    assert RunFolder.create(recipe).path == Path("runs/cells-001")
    assert paths_of("cells") == [Path("runs/cells-001")]


def test_a_name_is_no_pattern(recipe):
    RunFolder.create(recipe)
    assert paths_of("c.lls") == []


def test_more_than_a_thousand_runs(recipe):
    Path("runs/cells-1000").mkdir(parents=True)
    Path("runs/cells-999").mkdir()
    assert RunFolder.create(recipe).path == Path("runs/cells-1001")


def test_a_number_that_another_run_takes_first(recipe, monkeypatch):
    mkdir = Path.mkdir

    def late(path, *arguments, **options):
        if path.name == "cells-001" and not path.exists():
            mkdir(path, *arguments, **options)  # somebody else's, between our look and our try
        return mkdir(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", late)
    assert RunFolder.create(recipe).path == Path("runs/cells-002")


def test_the_recipe_is_stored_and_reads_back_the_same(recipe, tmp_path):
    folder = RunFolder.create(recipe, tmp_path / "here/and/there")
    assert folder.recipe == recipe
    assert load_recipe(folder.path / "recipe.yaml") == recipe
    assert RunFolder.open(folder.path).recipe == recipe


def test_an_empty_folder_may_be_given(recipe, tmp_path):
    (tmp_path / "out").mkdir()
    assert RunFolder.create(recipe, tmp_path / "out").path == tmp_path / "out"


def test_a_folder_with_something_in_it_is_refused_and_left_alone(recipe, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.tex").write_text("precious")
    with pytest.raises(DataError, match=r"out: is not empty; use --resume .*to go on with a run, or another --out"):
        RunFolder.create(recipe, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.tex"]


def test_a_file_in_the_place_of_the_folder(recipe, tmp_path):
    (tmp_path / "out").write_text("precious")
    for out in (tmp_path / "out", tmp_path / "out/run"):
        with pytest.raises(DataError, match=r"out.*: cannot be written: .*choose another --out"):
            RunFolder.create(recipe, out)
    assert (tmp_path / "out").read_text() == "precious"


def test_a_file_called_runs(recipe):
    Path("runs").write_text("")
    with pytest.raises(DataError, match=r"runs/cells-001: cannot be written"):
        RunFolder.create(recipe)


@pytest.mark.parametrize("method", ["mkdir", "write_text"])
def test_a_folder_without_permission(recipe, tmp_path, monkeypatch, method):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, method, refuse)
    (tmp_path / "out").exists() or os.makedirs(tmp_path / "out")  # noqa: PTH103  Path.mkdir is what fails here
    with pytest.raises(DataError, match=r"out.*: cannot be written: Permission denied; choose another --out"):
        RunFolder.create(recipe, tmp_path / "out")


def test_no_run_folder(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(CheckpointError, match="not a run folder"):
            RunFolder.open(path)


def test_facts_are_added_to_what_is_there(recipe, tmp_path):
    folder = RunFolder.create(recipe, tmp_path / "out")
    assert folder.info == {}
    assert not folder.finished
    folder.record(status="training", seconds=1.5)
    folder.record(status="finished")
    assert RunFolder.open(folder.path).info == {"status": "finished", "seconds": 1.5}
    assert folder.finished


def test_facts_on_a_full_disk(recipe, tmp_path, request):
    folder = RunFolder.create(recipe, tmp_path / "out")
    folder.record(status="training")
    request.getfixturevalue("full_disk")
    with pytest.raises(CheckpointError, match=r"run\.json: cannot be written: No space left on device"):
        folder.record(status="finished")
    assert folder.info == {"status": "training"}


@pytest.mark.parametrize("content", ["{", "[1, 2]", "null"])
def test_damaged_facts(recipe, tmp_path, content):
    folder = RunFolder.create(recipe, tmp_path / "out")
    (folder.path / "run.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"run\.json: not readable"):
        _ = folder.info


def test_the_finished_network_comes_back(recipe, tmp_path):
    folder = RunFolder.create(recipe, tmp_path / "out")
    weights = {"head.weight": torch.arange(6.0).reshape(2, 3), "norm.count": torch.tensor(3)}
    folder.write_model(weights, SPEC)
    found, spec = RunFolder.open(folder.path).read_model()
    assert spec == SPEC
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in weights)


def test_an_unfinished_run_has_no_network(recipe, tmp_path):
    folder = RunFolder.create(recipe, tmp_path / "out")
    with pytest.raises(CheckpointError, match=r"out: training has not finished; go on with it: --resume"):
        folder.read_model()


@pytest.mark.parametrize("name", ["model.safetensors", "spec.json"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00 no tensors and no text"])
def test_a_damaged_network(recipe, tmp_path, name, content):
    folder = RunFolder.create(recipe, tmp_path / "out")
    folder.write_model({"w": torch.ones(1)}, SPEC)
    (folder.path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match="not readable"):
        folder.read_model()
