"""A run that has not been exported predicts as its exported file does: for every task, on every validation image."""

import json

import pytest

from visionft import Predictor, open_run
from visionft.imaging.inputs import canvases, load
from visionft.tasks import TASKS

RUNS = {
    "classification": "finished",
    "detection": "finished_objects",
    "instance_segmentation": "finished_instances",
    "multilabel": "finished_labels",
    "regression": "finished_discs",
    "segmentation": "finished_scenes",
}


def test_every_task_has_a_run():
    assert set(RUNS) == set(TASKS)


@pytest.mark.parametrize("kind", RUNS)
def test_the_network_answers_as_its_file_does(kind, request):
    path = request.getfixturevalue(RUNS[kind])
    run, task = open_run(path), TASKS[kind]
    live, file = Predictor(run), Predictor(path / "model.onnx")
    assert live.spec == file.spec
    images = [sample.image for sample in run.samples("val")]
    assert len(images) >= 3
    loaded = canvases([load(image, live.spec.input) for image in images])
    found, expected = file.predict_canvases(loaded), live.predict_canvases(loaded)
    assert list(found) == list(expected) == [output.name for output in task.outputs if not output.derived]
    agreement = run._job.task.compare(found, expected)
    limits = json.loads((path / "model.onnx.parity.json").read_text())["limits"]
    assert agreement.compared >= len(images)
    assert agreement.same >= limits["min_agreement"] * agreement.compared
    assert agreement.difference <= limits["max_difference"]
    for one, other in zip(live(images), file(images), strict=True):
        assert type(one) is type(other) is task.prediction
        assert one.to_dict().keys() == other.to_dict().keys()


@pytest.mark.parametrize("kind", RUNS)
def test_the_module_gives_the_outputs_of_the_file_by_name(kind, request):
    run = open_run(request.getfixturevalue(RUNS[kind]))
    model, image = run.model, run.samples("val")[0].image
    answers = model(model.preprocess(image))
    assert list(answers) == [output.name for output in TASKS[kind].outputs]
    lengths = {"classes": len(run.spec.class_names), "height": run.spec.input.height, "width": run.spec.input.width}
    for output in TASKS[kind].outputs:
        given = answers[output.name]
        assert str(given.dtype) == f"torch.{output.dtype}"
        wanted = [1, *(lengths.get(length, length) for length in output.shape)]
        assert [side for side, length in zip(given.shape, wanted, strict=True) if length not in ("rows", side)] == []


@pytest.mark.parametrize("kind", RUNS)
def test_it_trains_in_a_loop_of_the_users_own(kind, request):
    import torch

    run = open_run(request.getfixturevalue(RUNS[kind]))
    model = run.model.train()
    batch = next(iter(run.batches("train", epoch=1)))
    losses = model(batch)
    losses.total.backward()
    moved = [p for p in model.parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    assert len(moved) > 4
    assert torch.isfinite(losses.total)
    assert sum(losses.parts.values()) == pytest.approx(losses.total.item(), rel=1e-5)
    plain = next(iter(run.batches("val")))
    model.eval()
    again = model(plain.images_BHW3, plain.targets)
    assert again.parts.keys() == losses.parts.keys()
