"""The network of a run in the hands of a PyTorch program."""

import copy
import pickle
import shutil

import numpy as np
import pytest
import torch

from visionft import Predictor, open_run, parameter_groups
from visionft.errors import CheckpointError, DataError, UnknownName
from visionft.imaging import decode
from visionft.imaging.inputs import load
from visionft.models.kernels.depthwise import speed_up_depthwise


@pytest.fixture
def run(finished, tmp_path):
    return open_run(shutil.copytree(finished, tmp_path / "first"))


@pytest.fixture
def image(run):
    return run.samples("val")[0].image


def test_it_is_the_runs_network_in_evaluation_mode(run, image, finished):
    from safetensors.torch import load_file

    model, stored = run.model, load_file(finished / "model.safetensors")
    assert not any(module.training for module in model.modules())
    assert model is run.model
    assert model.state_dict().keys() == stored.keys()
    assert all(torch.equal(stored[name], tensor) for name, tensor in model.state_dict().items())
    canvases = model.preprocess(image)
    assert np.array_equal(canvases[0].numpy(), load(image, run.spec.input).pixels_HW3)
    for other in (str(image), image.read_bytes(), decode(image)):
        assert torch.equal(model.preprocess(other), canvases)


def test_windows_of_a_tiled_model(finished_scenes, scenes):
    from dataclasses import replace

    model = open_run(finished_scenes).model
    model.spec = replace(model.spec, input=replace(model.spec.input, fit="tile", overlap=0.0))
    pixels = np.random.default_rng(0).integers(0, 256, (70, 100, 3), dtype=np.uint8)
    canvases = model.preprocess(pixels)
    assert canvases.shape == (6, 40, 48, 3)
    assert np.array_equal(canvases[0].numpy(), pixels[:40, :48])
    assert np.array_equal(canvases[-1].numpy(), pixels[-40:, -48:])


def test_what_is_no_canvas(run):
    for bad in (torch.zeros(1, 3, 32, 32), torch.zeros(32, 32, 3, dtype=torch.uint8)):
        with pytest.raises(DataError, match="takes uint8 of shape"):
            run.model(bad)
    with pytest.raises(DataError, match="an object of type int"):
        run.model.preprocess(3)


def test_copies_pickles_hooks_and_wrappers_answer_alike(run, image, tmp_path):
    model, seen = run.model, []
    canvases = model.preprocess(image)
    expected = model(canvases)["probabilities"]
    torch.save(model.state_dict(), tmp_path / "state.pt")
    fresh = open_run(run.path).model
    torch.nn.init.zeros_(fresh.head.linear.weight)
    fresh.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), compiled, fresh):
        torch.testing.assert_close(twin(canvases)["probabilities"], expected)
    model.backbone.register_forward_hook(lambda *_: seen.append("backbone"))
    model.head.register_forward_hook(lambda *_: seen.append("head"))
    model(canvases)
    assert seen == ["backbone", "head"]


def test_a_network_that_trains_fast_in_bf16_can_be_pickled(tiny, tmp_path):
    from visionft.api import train

    recipe = tiny(backbone={"name": "test_mambaout"}, stages=[{"name": "s", "unfreeze": "none", "steps": 1}])
    trained = train(recipe, out=tmp_path / "run", sinks=[])
    changed = speed_up_depthwise(trained._job.network)  # as where the hardware has bf16
    assert changed
    again = pickle.loads(pickle.dumps(trained.model))
    assert {type(module).__module__.partition(".")[0] for module in again.modules()} <= {"visionft", "timm", "torch"}
    assert speed_up_depthwise(trained._job.network) == 0  # the run's own is left as it is


def test_norm_layers_keep_to_the_policy_in_training(run):
    model = run.model.train()
    norms = [m for m in model.backbone.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert all(norm.training for norm in norms)  # the last stage says norm: all
    model.backbone.set_trainable("all", norm="frozen")
    model.train()
    assert not any(norm.training or norm.weight.requires_grad for norm in norms)


def train_on(run, epochs=2):
    model = run.model.train()
    optimizer = torch.optim.SGD(parameter_groups(model.backbone, model.head, lr=0.05), momentum=0.9)
    for epoch in range(epochs):
        for batch in run.batches("train", epoch):
            model(batch).total.backward()
            optimizer.step()
            optimizer.zero_grad()
    return model


def test_trained_on_and_given_back(run, image, tmp_path):
    before, file = run.evaluate("val"), Predictor(run.path / "model.onnx")
    model = train_on(run)
    second = run.with_model(model, tmp_path / "second")
    canvases = model.eval().preprocess(image)
    assert not torch.allclose(model(canvases)["probabilities"], run.engine()._model(canvases)["probabilities"])
    of_file, of_model, of_run = Predictor(second.export().path), Predictor(model), Predictor(second)
    told = [predictor(image).to_numpy()["probabilities"] for predictor in (of_file, of_model, of_run)]
    np.testing.assert_allclose(told, [model(canvases)["probabilities"][0].detach().numpy()] * 3, atol=1e-5)
    reopened = open_run(tmp_path / "second")
    assert reopened.evaluate("val").to_dict() == second.evaluate("val").to_dict() != before.to_dict()
    assert reopened.spec.provenance["changed_after_training"] is True
    assert reopened.spec.provenance["validation"]["accuracy"] == pytest.approx(reopened.evaluate("val").accuracy)
    assert reopened.report().is_file()
    assert run.evaluate("val").to_dict() == before.to_dict()  # a run never changes
    assert Predictor(run)(image).probabilities == pytest.approx(file(image).probabilities, abs=1e-4)


def test_batches_come_again_alike(run):
    first, again, other = (next(iter(run.batches("train", epoch))) for epoch in (0, 0, 1))
    assert torch.equal(first.images_BHW3, again.images_BHW3)
    assert first.ids == again.ids != other.ids
    counts = [sum(len(batch) for batch in run.batches(split)) for split in ("val", "test")]
    with pytest.raises(UnknownName, match="close: train"):
        next(run.batches("trains"))
    assert counts == [len(run.samples(split)) for split in ("val", "test")]


def test_thresholds_are_chosen_anew(finished_labels, tmp_path):
    run = open_run(finished_labels)
    model = copy.deepcopy(run.model)
    torch.nn.init.zeros_(model.head.linear.weight)
    second = run.with_model(model, tmp_path / "second")
    assert second.spec.thresholds != run.spec.thresholds
    assert len(second.spec.thresholds) == len(run.spec.thresholds)


def test_what_is_not_this_network(run, finished_scenes, tmp_path):
    state = run.model.state_dict()
    bad = {
        "is missing": run.model.head,
        "is unknown": {**state, "more": torch.zeros(1)},
        "has the shape": {**state, "head.linear.bias": torch.zeros(7)},
        "is not finite": {**state, "head.linear.bias": torch.full((3,), torch.nan)},
    }
    for told, model in bad.items():
        with pytest.raises(CheckpointError, match=f"with_model: .*{told}"):
            run.with_model(model, tmp_path / "other")
    assert not (tmp_path / "other").exists()
    with pytest.raises(DataError, match="is not empty"):
        run.with_model(state, run.path)


@pytest.mark.parametrize("names", ["module", "_orig_mod", "module _orig_mod", "_orig_mod module"])
def test_wrapped_models_are_unwrapped(run, tmp_path, names):
    wrapped = copy.deepcopy(run.model)
    for name in names.split():  # those that DistributedDataParallel and torch.compile have, in any order
        wrapped = torch.nn.ModuleDict({name: wrapped})
    second = run.with_model(wrapped, tmp_path / "second")
    assert second.evaluate("val").to_dict() == run.evaluate("val").to_dict()


def test_a_folder_that_is_not_free_is_told_before_any_work(run, monkeypatch):
    monkeypatch.setattr("visionft.api.run.validate", None)
    with pytest.raises(DataError, match="is not empty"):
        run.with_model(run.model, run.path)
