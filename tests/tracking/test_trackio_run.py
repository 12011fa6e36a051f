"""What trackio's local database holds of a run."""

from dataclasses import replace
from importlib.util import find_spec

import pytest

from visionft.tracking.trackio_run import TrackioOptions, TrackioTracker

pytestmark = pytest.mark.skipif(find_spec("trackio") is None, reason="the extra trackio is not installed")


@pytest.fixture(scope="module", autouse=True)
def nobody(tmp_path_factory):
    """Nobody has logged in; the database is in a folder of its own, of which trackio is told before it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("trackio")
        patch.setenv("TRACKIO_DIR", str(folder))
        patch.setenv("HF_TOKEN_PATH", str(folder / "none"))
        patch.setenv("HF_HUB_OFFLINE", "1")
        for name in ("HF_TOKEN", "TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
            patch.delenv(name, raising=False)
        yield


def rows(project, tracker):
    from trackio.sqlite_storage import SQLiteStorage

    return SQLiteStorage.get_logs(project, tracker.identity["run"])


def test_values_pictures_report_and_the_recipe(run, picture, page, capsys):
    from trackio.sqlite_storage import SQLiteStorage

    tracker = TrackioTracker(run, TrackioOptions(project="first"))
    tracker.rewind(0)
    tracker.log({"step/loss": 0.5}, 1)
    tracker.log({"epoch": 1, "val/accuracy": 0.75}, 2)
    tracker.image("augmented", picture, 2)
    tracker.artifact(page)
    tracker.close(finished=True)
    values, epoch, image = rows("first", tracker)
    assert (values["step"], values["step/loss"]) == (1, 0.5)
    assert (epoch["step"], epoch["val/accuracy"]) == (2, 0.75)
    assert image["augmented"]["_type"] == "trackio.image"
    config = SQLiteStorage.get_run_config("first", tracker.identity["run"])
    assert config["optim"] == {"batch_size": 16, "betas": [0.9, 0.999]}
    assert tracker.identity["run"].startswith("cells-001-")
    assert capsys.readouterr().out == ""  # where results go


def test_a_resumed_run_is_the_same_and_steps_are_there_once(run):
    first = TrackioTracker(run, TrackioOptions())
    for step in (1, 2, 3):
        first.log({"step/loss": step}, step)
    first.close(finished=False)
    again = TrackioTracker(replace(run, identity=first.identity), TrackioOptions())
    again.rewind(1)
    for step in (2, 3, 4):
        again.log({"step/loss": step}, step)
    again.log({"epoch": 1}, 3)  # what had not been logged
    again.close(finished=True)
    held = rows("cells", again)
    assert again.identity == first.identity
    assert [row["step"] for row in held if "step/loss" in row] == [1, 2, 3, 4]
    assert [row["step"] for row in held if "epoch" in row] == [3]
