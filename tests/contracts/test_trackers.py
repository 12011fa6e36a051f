"""What every tracker promises to the loop: our own and those of other packages."""

from importlib.util import find_spec

import numpy as np
import pytest

import visionft
from visionft.tracking import TRACKERS
from visionft.tracking.base import TrackedRun, Tracker, TrackerOptions

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of their packages among each other


@pytest.fixture(params=TRACKERS)
def name(request, tmp_path, monkeypatch):
    """The name of a tracker that keeps what it gets below the test's folder."""
    if missing := [package for package in TRACKERS[request.param].packages if not find_spec(package)]:
        pytest.skip(f"{', '.join(missing)} not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # making a database takes ten seconds
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    return request.param


@pytest.fixture
def begin(tiny, name, tmp_path):
    """Return a function that makes a tracker of one run: its first, or one that goes on."""
    config = tiny(track=[name]).model_dump(mode="json")

    def make(identity=None) -> Tracker:
        return TRACKERS[name](TrackedRun(tmp_path, config, identity or {}), TRACKERS[name].options())

    return make


def test_it_is_a_class_with_its_name_and_options(name):
    assert issubclass(TRACKERS[name], Tracker)
    assert TRACKERS[name].kind == name
    assert issubclass(TRACKERS[name].options, TrackerOptions)


def test_it_takes_whatever_a_run_gives(begin):
    tracker = begin()
    tracker.log({"step/loss": 0.5}, 10)
    tracker.log({"epoch": 1, "train/loss": 0.5, "val/accuracy": 1.0}, 10)
    tracker.log({"epoch": 2, "train/loss": 1e-30}, 20)  # other values than before
    tracker.log({}, 20)
    tracker.image("samples", np.zeros((3, 5, 3), np.uint8), 20)
    assert tracker.place
    tracker.close(finished=True)


def test_a_run_that_ends_before_its_first_epoch_goes_on_as_the_same(begin):
    first = begin()
    identity = dict(first.identity)
    first.close(finished=False)
    again = begin(identity)
    again.rewind(0)
    again.log({"epoch": 1, "train/loss": 0.5}, 10)
    assert again.identity == identity
    again.close(finished=True)


@pytest.fixture(scope="module")
def untracked(tiny, tmp_path_factory):
    return visionft.train(tiny(), out=tmp_path_factory.mktemp("runs") / "run", sinks=[])


def test_a_recipe_names_it_and_the_weights_do_not_depend_on_it(name, tiny, untracked, tmp_path):
    run = visionft.train(tiny(track=[name]), out=tmp_path / "run", sinks=[])
    assert [row["val"] for row in run.info["history"]] == [row["val"] for row in untracked.info["history"]]
    weights = "model.safetensors"
    assert (run.path / weights).read_bytes() == (untracked.path / weights).read_bytes()
