"""What every task's definition promises to whoever runs its files: our own and those of other packages."""

import json

import numpy as np
import pytest

from visionft.catalog import imported
from visionft.data.targets.base import Target
from visionft.imaging import decode
from visionft.imaging.inputs import load
from visionft.predict.checks import expected_outputs
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks import TASKS
from visionft.tasks.base import DrawablePrediction, TaskDefinition, TaskOptions
from visionft.tasks.view import TaskView

NAMES = ("red", "green", "blue")
CANVAS = InputSpec(12, 16, fit="stretch")
WINDOWS = InputSpec(12, 16, fit="tile", overlap=0.5)
ROWS = 5
SIZES = [(16, 12), (40, 30), (9, 23)]


@pytest.fixture(params=TASKS)
def definition(request):
    return TASKS[request.param]


def stand_in(definition, spec, seen):
    """Return a network with the definition's outputs, whose numbers are drawn anew from the pixels of each canvas."""

    def run(images_BHW3):
        seen.append(len(images_BHW3))
        answers = [answer(definition, spec, canvas) for canvas in images_BHW3]
        return {name: np.stack([each[name] for each in answers]) for name in answers[0]}

    return run


def answer(definition, spec, image_HW3):
    generator, values = np.random.default_rng(int(image_HW3.astype(int).sum())), {}
    lengths = {"classes": len(NAMES), "height": spec.input.height, "width": spec.input.width, "rows": ROWS}
    for output in definition.outputs:
        shape = [lengths.get(length, length) for length in output.shape]
        numbers = generator.random(shape)
        values[output.name] = (numbers * len(NAMES) if output.dtype == "int64" else numbers).astype(output.dtype)
    if "boxes" in values:
        values["boxes"] = np.sort(values["boxes"].reshape(ROWS, 2, 2), axis=1).reshape(ROWS, 4) * [16, 12, 16, 12]
        values["boxes"] = values["boxes"].astype(np.float32)
        values["scores"] = -np.sort(-values["scores"])
        values["count"] = np.int64(ROWS - 1)
    if "probabilities" in values:
        values["probabilities"] /= values["probabilities"].sum(axis=0)
    return {output.name: values[output.name] for output in definition.outputs if not output.derived}


def photos(spec):
    generator = np.random.default_rng(0)
    pixels = [generator.integers(0, 256, (height, width, 3), dtype=np.uint8) for width, height in SIZES]
    return pixels, [load(image, spec) for image in pixels]


def test_a_definition_is_a_class_with_its_facts(definition):
    assert issubclass(definition, TaskDefinition)
    assert not definition.__abstractmethods__
    assert TASKS[definition.kind] is definition
    assert imported(definition.learner).kind == definition.kind
    assert imported(definition.options)().kind == definition.kind
    assert issubclass(imported(definition.options), TaskOptions)
    assert issubclass(imported(definition.target), Target)
    assert issubclass(imported(definition.view), TaskView)


def test_what_picks_the_best_weights_is_a_score_or_the_loss(definition):
    assert definition.selections[-1] == "last"
    assert len(definition.selections) > 1
    assert set(definition.selections) <= {"loss", "last", *(score.name for score in definition.scores)}
    assert imported(definition.learner).headline in {"loss", *(score.name for score in definition.scores)}


def test_outputs_have_names_types_and_known_words(definition):
    names = [output.name for output in definition.outputs]
    assert len(set(names)) == len(names) > 0
    words = {length for output in definition.outputs for length in output.shape if isinstance(length, str)}
    assert words <= {"classes", "height", "width", "rows"}
    assert {output.dtype for output in definition.outputs} <= {"float32", "int64", "uint8"}
    derived = [output.derived for output in definition.outputs]
    assert derived == sorted(derived)
    assert not derived[0]


def test_outputs_of_a_graph_follow_from_the_spec(definition):
    spec = ModelSpec(definition.kind, NAMES, CANVAS)
    shapes = [[7 if length == "rows" else length for length in output.shape] for output in definition.outputs]
    ports = expected_outputs(spec, shapes)
    lengths = {"classes": 3, "height": 12, "width": 16, "rows": 7}
    for port, output in zip(ports, definition.outputs, strict=True):
        assert (port.name, port.dtype) == (output.name, output.dtype)
        assert port.shape == [lengths.get(length, length) for length in output.shape]


@pytest.mark.parametrize("canvas", [CANVAS, WINDOWS], ids=lambda canvas: canvas.fit)
def test_predictions_are_one_for_each_image_as_if_it_were_alone(definition, canvas):
    if canvas is WINDOWS and not definition.takes_windows:
        pytest.skip("takes an image for one canvas")
    spec, seen = ModelSpec(definition.kind, NAMES, canvas), []
    _, images = photos(canvas)
    run = stand_in(definition, spec, seen)
    found = list(definition.predict(images, spec, run, batch_size=2))
    if canvas is CANVAS:
        assert seen == [len(images)]
    else:
        assert max(seen) == 2
    assert all(isinstance(one, definition.prediction) for one in found)
    alone = [one for image in images for one in definition.predict([image], spec, run, batch_size=2)]
    assert [one.to_dict() for one in found] == [one.to_dict() for one in alone]


def test_plain_values_are_json_and_people_have_a_line(definition):
    spec = ModelSpec(definition.kind, NAMES, CANVAS)
    for one in definition.predict(photos(CANVAS)[1], spec, stand_in(definition, spec, []), batch_size=2):
        assert json.loads(json.dumps(one.to_dict(), allow_nan=False)) == one.to_dict()
        assert str(one)
        assert "\n" not in str(one)


def test_a_threshold_is_obeyed_where_the_task_takes_one(definition):
    spec = ModelSpec(definition.kind, NAMES, CANVAS)
    images, run = photos(CANVAS)[1], stand_in(definition, spec, [])
    lines = [
        [str(one) for one in definition.predict(images, spec, run, batch_size=2, threshold=threshold)]
        for threshold in (0.0, 1.0)
    ]
    assert (lines[0] != lines[1]) == definition.takes_threshold


def test_what_can_be_drawn_is_saved_under_its_endings(definition, tmp_path):
    spec = ModelSpec(definition.kind, NAMES, CANVAS)
    pixels, images = photos(CANVAS)
    endings = definition.prediction.endings
    assert all(ending.startswith(".") for ending in endings)
    for one, image in zip(
        definition.predict(images, spec, stand_in(definition, spec, []), batch_size=2), pixels, strict=True
    ):
        assert isinstance(one, DrawablePrediction) == bool(endings)
        if endings:
            itself, overlay = (tmp_path / f"a{ending}" for ending in endings)
            one.save(itself)
            one.save_overlay(image, overlay)
            assert decode(overlay).shape == image.shape
            saved = itself.read_bytes()
            if itself.suffix == ".json":
                assert json.loads(saved) == one.to_dict()
            else:
                assert saved.startswith(b"\x89PNG")
