"""What the data decide, and that a run keeps to it."""

import json
from dataclasses import replace

import pytest

from visionft.assemble import assemble, load_data
from visionft.assemble.sizing import Sizing
from visionft.data.targets.boxes import Boxes


def crowded(recipe, objects=150):
    """Return the data with as many small objects in each image, in images four times as large."""
    dataset = load_data(recipe)
    boxes = Boxes(((10.0, 10.0, 30.0, 30.0),) * objects, (0,) * objects, (False,) * objects)
    samples = tuple(replace(sample, target=boxes, size=(2400, 2400)) for sample in dataset.samples)
    return replace(dataset, samples=samples)


def test_a_run_of_before_keeps_its_canvas_and_rows(objects):
    recipe = objects(input={"size": None})
    dataset = crowded(recipe)
    assert Sizing.recorded({}, recipe, dataset) == Sizing((512, 512), "pad", decode="full")
    new = Sizing.of(recipe, dataset)
    assert (new.fit, new.arguments) == ("tile", {"max_detections": 300})
    job = assemble(recipe, dataset, sizing=Sizing.recorded({}, recipe, dataset))
    assert (job.input.fit, job.network.head.head.cells._max_detections) == ("pad", 100)


def test_what_was_written_down_holds(objects):
    recipe = objects(input={"size": None})
    written = json.loads(json.dumps({"sizing": Sizing.of(recipe, crowded(recipe)).to_dict()}))
    few = Sizing.recorded(written, recipe, load_data(recipe))
    assert few == Sizing.of(recipe, crowded(recipe)) != Sizing.of(recipe, load_data(recipe))


def test_what_the_recipe_says_is_not_decided(objects):
    recipe = objects(task={"max_detections": 250})
    sizing = Sizing.of(recipe, crowded(recipe))
    assert (sizing.size, sizing.fit, sizing.arguments, sizing.why) == ((64, 80), "pad", {"max_detections": 250}, "")


@pytest.mark.parametrize(
    "sections", [{"runtime": {"resident": True}}, {"stages": [{"name": "all", "epochs": 1, "image_size": 64}]}]
)
def test_windows_are_not_taken_where_something_is_against_them(objects, sections):
    recipe = objects(input={"size": None}, **sections)
    assert Sizing.of(recipe, crowded(recipe)).fit == "pad"


def test_few_objects_get_what_there_always_was(objects):
    recipe = objects(input={"size": None})
    dataset = load_data(recipe)
    assert Sizing.of(recipe, dataset) == replace(
        Sizing.recorded({}, recipe, dataset), arguments={"max_detections": 100}, decode=None
    )


def test_other_tasks_decide_nothing(tiny):
    recipe = tiny(input={"size": None})
    assert Sizing.of(recipe, load_data(recipe)) == Sizing(None, "stretch")
