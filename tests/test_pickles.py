"""What users put into processes goes through a pickle and comes out the same."""

import pickle

import pytest

from tests.contracts.test_tasks import CANVAS, NAMES, photos, stand_in
from visionft import evaluate
from visionft.assemble import load_data
from visionft.spec import ModelSpec
from visionft.tasks import TASKS

RECIPES = ("tiny", "scenes", "objects", "instances", "labelled")


def again(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("kind", TASKS)
def test_predictions(kind):
    spec = ModelSpec(kind, NAMES, CANVAS, thresholds=(0.1, 0.2, 0.3))
    assert again(spec) == spec
    for one in TASKS[kind].predict(photos(CANVAS)[1], spec, stand_in(TASKS[kind], spec, []), batch_size=2):
        twin = again(one)
        assert type(twin) is type(one)
        assert twin.to_dict() == one.to_dict()


@pytest.mark.parametrize("recipes", RECIPES)
def test_recipes_and_data_sets(recipes, request):
    recipe = request.getfixturevalue(recipes)()
    assert again(recipe) == recipe
    dataset = load_data(recipe)
    twin = again(dataset)
    assert [sample.id for sample in twin.samples] == [sample.id for sample in dataset.samples]
    assert [sample.target.fingerprint() for sample in twin.samples] == [
        sample.target.fingerprint() for sample in dataset.samples
    ]


@pytest.mark.parametrize(
    "run", ["finished", "finished_scenes", "finished_objects", "finished_labels", "finished_discs"]
)
def test_metrics(run, request):
    metrics = evaluate(request.getfixturevalue(run) / "model.onnx")
    assert again(metrics).to_dict() == metrics.to_dict()
