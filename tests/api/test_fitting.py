"""A job that is built, looked at, and fitted."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import visionft as vft
from tests.api.test_training import PowerCut, cut_after
from visionft.errors import CheckpointError, RecipeError


def weights(run):
    return load_file(run.path / "model.safetensors")


def same(first, second):
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def trained(tiny, tmp_path_factory):
    return vft.train(tiny(), out=tmp_path_factory.mktemp("runs") / "trained", progress=False)


@pytest.fixture
def job(tiny):
    return vft.build(tiny(), progress=False)


def test_building_and_fitting_is_training(job, trained, tmp_path):
    torch.manual_seed(99)
    torch.rand(3)
    run = vft.fit(job, out=tmp_path / "run", progress=False)
    assert same(weights(run), weights(trained))
    assert run.info.keys() == trained.info.keys()
    assert {path.name for path in run.path.iterdir()} == {path.name for path in trained.path.iterdir()}
    told = ("data", "weights", "sizing", "recipe", "asked")
    assert [run.info[key] for key in told] == [trained.info[key] for key in told]


def test_a_job_stays_as_it_is(job, trained, tmp_path):
    before = {name: tensor.clone() for name, tensor in job.network.state_dict().items()}
    run = vft.fit(job, out=tmp_path / "first", progress=False)
    assert same(before, dict(job.network.state_dict()))
    accuracy = run.evaluate().accuracy
    nn.init.zeros_(next(job.network.parameters()).data)
    run._evaluations.clear()
    assert run.evaluate().accuracy == accuracy


def test_what_a_job_says(job):
    assert repr(job).startswith("Job(tiny: classification, 3 classes; images: ")
    assert "timm/test_resnet on 32 x 32; steps of head: " in repr(job)


class TestWeightsChangedBeforeTraining:
    @pytest.fixture
    def changed(self, job):
        with torch.no_grad():
            job.network.head.linear.weight.data.fill_(0.01)  # which no counter of torch's notices
        return job

    def test_they_are_what_is_trained(self, changed, trained, tmp_path):
        run = vft.fit(changed, out=tmp_path / "run", progress=False)
        assert not same(weights(run), weights(trained))
        assert "changed by the program" in run.info["weights"]["source"]
        assert not (run.path / "checkpoints").exists()
        assert same(weights(vft.fit(changed, out=tmp_path / "again", progress=False)), weights(run))

    def test_an_interrupted_run_goes_on_from_them(self, changed, tmp_path):
        whole = vft.fit(changed, out=tmp_path / "whole", progress=False)
        with pytest.raises(PowerCut):
            vft.fit(changed, out=tmp_path / "cut", sinks=[cut_after(1)], progress=False)
        resumed = vft.train(out=tmp_path / "cut", resume=True, progress=False)
        assert same(weights(resumed), weights(whole))

    def test_where_they_were_never_saved(self, changed, tmp_path):
        with pytest.raises(PowerCut):
            vft.fit(changed, out=tmp_path / "cut", sinks=[cut_at_the_plan], progress=False)
        with pytest.raises(CheckpointError, match=r"start a new run: vft\.fit"):
            vft.train(out=tmp_path / "cut", resume=True, progress=False)


def cut_at_the_plan(event):
    if type(event).__name__ == "RunPlanned":
        raise PowerCut


def test_a_callback_ends_a_stage(job, tmp_path):
    def enough(epoch):
        epoch.stop_stage("enough")

    run = vft.fit(job, out=tmp_path / "run", callbacks=[enough], progress=False)
    assert [stage["ended"] for stage in run.stages] == ["enough", "enough"]
    assert len(run.history) == 2


class TestWhatCannotBeFitted:
    def test_no_job(self, job, tiny, tmp_path):
        for wrong in (tiny(), "photos/", replace(job, built=replace(job.built, tensors=None))):
            with pytest.raises(RecipeError, match=r"vft\.build"):
                vft.fit(wrong, out=tmp_path / "run")

    def test_other_layers(self, job, tmp_path):
        job.network.head.linear = nn.Linear(job.network.backbone.embedding_dim, 4)
        with pytest.raises(RecipeError, match=r"job.network: head.linear.weight was torch.float32 \(3, 96\)"):
            vft.fit(job, out=tmp_path / "run", progress=False)
        assert not (tmp_path / "run").exists()

    def test_no_callbacks(self, job, tmp_path):
        with pytest.raises(RecipeError, match=r"callbacks: .* is one"):
            vft.fit(job, out=tmp_path / "run", callbacks=print)

    def test_a_folder_that_is_taken(self, job, trained):
        with pytest.raises(Exception, match="is not empty"):
            vft.fit(job, out=trained.path, progress=False)
