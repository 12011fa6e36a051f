"""What every tracker promises to the loop: our own and those of other packages."""

import numpy as np
import pytest

import visionft
from visionft.tracking import TRACKERS


@pytest.fixture(params=TRACKERS)
def name(request):
    return request.param


@pytest.fixture
def config(tiny, name):
    return tiny(track=[name]).model_dump(mode="json")


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_a_class_with_its_name(name):
    assert TRACKERS[name].kind == name


def test_it_takes_whatever_a_run_gives(name, config, tmp_path):
    tracker = TRACKERS[name](tmp_path, config)
    tracker.log({"train/loss": 0.5, "val/accuracy": 1.0}, 10)
    tracker.log({"train/loss": 1e-30, "epoch": 2}, 20)  # other values than before
    tracker.log({}, 20)
    tracker.image("samples", np.zeros((3, 5, 3), np.uint8), 20)
    tracker.close()


def test_a_run_that_ends_before_its_first_epoch_is_no_problem(name, config, tmp_path):
    TRACKERS[name](tmp_path, config).close()
    TRACKERS[name](tmp_path, config).close()


def test_what_is_logged_again_after_a_resume_is_what_was_there(name, config, tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "resumed").mkdir()
    rows = {step: {"epoch": step // 10, "train/loss": 1 / step} for step in (10, 20, 30)}
    whole = TRACKERS[name](tmp_path / "whole", config)
    first = TRACKERS[name](tmp_path / "resumed", config)
    for step, row in rows.items():
        whole.log(row, step)
        first.log(row, step)
    whole.close()  # the other is killed
    again = TRACKERS[name](tmp_path / "resumed", config)
    for step in (20, 30):
        again.log(rows[step], step)
    again.close()
    assert contents(tmp_path / "resumed") == contents(tmp_path / "whole")


@pytest.fixture(scope="module")
def untracked(tiny, tmp_path_factory):
    return visionft.train(tiny(), out=tmp_path_factory.mktemp("runs") / "run", sinks=[])


def test_a_recipe_names_it_and_the_weights_do_not_depend_on_it(name, tiny, untracked, tmp_path):
    run = visionft.train(tiny(track=[name]), out=tmp_path / "run", sinks=[])
    assert [row["val"] for row in run.info["history"]] == [row["val"] for row in untracked.info["history"]]
    weights = "model.safetensors"
    assert (run.path / weights).read_bytes() == (untracked.path / weights).read_bytes()
