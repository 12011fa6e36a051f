"""A network that could not be exported is refused before it is trained; what is known of exported files."""

import json
import shutil

import pytest
import torch
from torch import Tensor, nn

import visionft
from visionft.api import exporting
from visionft.assemble import assemble, load_data
from visionft.errors import ExportError, UnknownName
from visionft.export import WRITERS
from visionft.export.parity import Limits
from visionft.models.backbones import BACKBONES


class Undecided(nn.Module):
    """Chooses its path by the pixels, which no graph can follow."""

    kind = "undecided"

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=4)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        embedding_BD = self.conv(images_BCHW).mean((2, 3))
        return embedding_BD if embedding_BD[0, 0] > 0 else embedding_BD.flip(1)


@pytest.fixture
def undecided(tiny, monkeypatch):
    monkeypatch.setattr(BACKBONES, "_added", {})
    BACKBONES.add(Undecided)
    stages = [{"name": "all", "unfreeze": "all", "steps": 1}]
    return lambda **export: tiny(backbone={"name": "undecided"}, stages=stages, export=export)


def test_check_and_train_tell_it_and_leave_no_run(undecided, tmp_path):
    found = visionft.check(undecided())
    assert [error for error in found.errors if "cannot be exported to onnx" in error]

    with pytest.raises(ExportError, match=r"export\.try_first: false"):
        visionft.train(undecided(), out=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_the_advice_works(undecided, tmp_path):
    assert visionft.check(undecided(try_first=False)).ok
    run = visionft.train(undecided(try_first=False), out=tmp_path / "run", progress=False)
    with pytest.raises(ExportError):
        run.export()


def test_a_trial_leaves_the_weights_what_they_are(tiny, tmp_path):
    stages = [{"name": "all", "unfreeze": "all", "steps": 2}]
    tried, untried = (
        visionft.train(tiny(stages=stages, export={"try_first": first}), out=tmp_path / str(first), progress=False)
        for first in (True, False)
    )

    state, other = tried.model.state_dict(), untried.model.state_dict()
    assert all(torch.equal(state[name], other[name]) for name in state)


def test_check_tries_what_is_known_to_export_no_more(tiny, monkeypatch):
    tried = []
    monkeypatch.setattr(exporting, "try_export", lambda *given: tried.append(given))

    for name in ("tf_efficientnet_lite0", "test_resnet"):
        visionft.check(tiny(backbone={"name": name, "weights": "none"}))

    assert len(tried) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(exporting.KNOWN))
@pytest.mark.parametrize("recipe", ["tiny", "scenes"])  # one takes the embedding, one the maps
def test_what_is_known_to_export_does(name, recipe, request):
    made = request.getfixturevalue(recipe)(backbone={"name": name, "weights": "none"}, input={"size": 64})
    job = assemble(made, load_data(made))

    exporting.require_exportable(made, job.network, job.task, job.input)


class TestLimits:
    def limits(self, tiny, runtime, **export):
        recipe = tiny(export=export)
        job = assemble(recipe, load_data(recipe), pretrained=False)
        return exporting.limits_of(job, WRITERS[runtime]())

    def test_are_the_runtimes_own(self, tiny):
        assert self.limits(tiny, "onnx") == Limits(1.0, 1e-4, 1e-3)
        assert self.limits(tiny, "onnx-int8").max_score_change == 0.005

    def test_of_all_runtimes_and_of_one(self, tiny):
        export = {"max_difference": 0.5, "limits": {"onnx-int8": {"min_agreement": 0.9, "max_score_change": 0}}}
        assert self.limits(tiny, "onnx", **export) == Limits(1.0, 0.5, 1e-3)
        assert self.limits(tiny, "onnx-int8", **export) == Limits(0.9, 0.5, 0.0)

    def test_of_a_runtime_that_there_is_not(self, tiny):
        with pytest.raises(UnknownName, match="onnx-int9"):
            self.limits(tiny, "onnx", limits={"onnx-int9": {}})


def test_ranges_are_chosen_by_training_images_that_the_seed_draws(tiny, monkeypatch):
    monkeypatch.setattr(exporting, "CALIBRATED", 3)
    recipe = tiny()
    job = assemble(recipe, load_data(recipe), pretrained=False)
    drawn, again = (list(exporting.calibration_canvases(job)) for _ in range(2))
    assert sum(map(len, drawn)) == 3
    assert all((one == other).all() for one, other in zip(drawn, again, strict=True))
    training = [
        canvas for images, _ in exporting.RepeatedCanvases(job, job.dataset.split("train")) for canvas in images
    ]
    assert all(any((canvas == image).all() for image in training) for images in drawn for canvas in images)


def test_the_page_lists_the_files_and_what_was_measured(finished, tmp_path):
    copied = shutil.copytree(finished, tmp_path / "run")
    run = visionft.open_run(copied)
    run.export("onnx-int8", allow_slower=True)
    page = run.report().read_text(encoding="utf-8")
    assert "Exported files" in page
    assert page.index(">model.onnx<") < page.index(">model-int8.onnx<")
    assert "layers in 8 bits" in page
    proof = json.loads((copied / "model-int8.onnx.parity.json").read_text())
    assert (proof["runtime"], proof["passed"]) == ("onnx-int8", True)
    assert proof["versions"]["onnxruntime"]


def test_a_file_that_is_gone_is_not_on_the_page(finished, tmp_path):
    copied = shutil.copytree(finished, tmp_path / "run")
    (copied / "model.onnx").unlink()
    assert exporting.exported_facts(copied) == []
