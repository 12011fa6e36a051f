"""What MLflow holds of a run."""

from dataclasses import replace
from importlib.util import find_spec

import pytest

from visionft.errors import RecipeError
from visionft.recipe import load_recipe
from visionft.tracking.mlflow_run import MlflowOptions, MlflowTracker

needed = pytest.mark.skipif(not all(map(find_spec, MlflowTracker.packages)), reason="the extra mlflow is not installed")


@pytest.fixture
def options(tmp_path, monkeypatch):
    """A store of files, which is made at once; making a database takes ten seconds."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return MlflowOptions(uri=(tmp_path / "store").as_uri(), experiment="shapes")


def client(options):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=options.uri)


def history(options, tracker, name):
    points = client(options).get_metric_history(tracker.identity["run"], name)
    return sorted((point.step, point.value) for point in points)


@needed
def test_values_pictures_report_and_the_recipe(run, options, picture, page):
    tracker = MlflowTracker(run, options)
    tracker.rewind(0)
    tracker.log({"step/loss": 0.5, "lr/layer*1": 0.01}, 1)
    tracker.log({"epoch": 1, "val/accuracy": 0.75}, 2)
    assert history(options, tracker, "val/accuracy") == [(2, 0.75)]  # an epoch is there at once
    tracker.image("augmented", picture, 2)
    tracker.artifact(page)
    tracker.close(finished=True)
    (found,) = client(options).search_runs([client(options).get_experiment_by_name("shapes").experiment_id])
    assert (found.info.run_name, found.info.status) == ("cells-001", "FINISHED")
    assert found.data.params["stages.all.head_lr"] == "0.001"
    assert found.data.metrics.keys() == {"step/loss", "lr/layer_1", "epoch", "val/accuracy"}
    names = {file.path for file in client(options).list_artifacts(found.info.run_id)}
    assert names == {"augmented.png", "report.html"}


@needed
def test_a_resumed_run_is_the_same_and_steps_are_there_once(run, options):
    first = MlflowTracker(run, options)
    for step in (1, 2, 3, 4):
        first.log({"step/loss": step}, step)
    first.close(finished=False)
    assert client(options).get_run(first.identity["run"]).info.status == "KILLED"
    again = MlflowTracker(replace(run, identity=first.identity), options)
    again.rewind(2)
    for step in (3, 4, 5):
        again.log({"step/loss": step}, step)
    again.log({"epoch": 1}, 4)  # what had not been logged
    again.close(finished=True)
    assert again.identity == first.identity
    assert history(options, again, "step/loss") == [(step, step) for step in (1, 2, 3, 4, 5)]
    assert history(options, again, "epoch") == [(4, 1)]


@needed
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # between MLflow and SQLAlchemy
def test_the_usual_store_is_a_database_in_the_working_folder(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tracker = MlflowTracker(run, MlflowOptions())
    tracker.log({"epoch": 1}, 3)
    tracker.close(finished=True)
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert tracker.identity["store"] == store
    (found,) = client(MlflowOptions(uri=store)).search_runs(["1"])
    assert found.data.metrics == {"epoch": 1}


def test_a_password_is_refused_before_it_is_written_down(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("track:\n- mlflow:\n    uri: https://me:secret@server\n")
    with pytest.raises(RecipeError, match=r"a.yaml:3: track\[0\].mlflow.uri: .*MLFLOW_TRACKING_PASSWORD") as caught:
        load_recipe(path)
    assert "secret" not in str(caught.value)
