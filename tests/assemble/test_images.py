"""Who decodes the images, and where they stay."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from pydantic import ValidationError

from visionft.assemble import assemble, load_data
from visionft.assemble.images import batches, keep_resident, require_decoder
from visionft.assemble.job import require_room
from visionft.augment import Mixing
from visionft.errors import RecipeError
from visionft.loading.resident import DecodedImages

LIGHT = [{"name": "a", "epochs": 1, "augment": "light"}, {"name": "b", "epochs": 1, "augment": "none"}]


@pytest.fixture
def gpu(monkeypatch):
    """Return a function that gives the live objects of a recipe as on a GPU with so many bytes."""

    def make(recipe, total):
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=total))
        job = assemble(recipe, load_data(recipe))
        return replace(job, runtime=replace(job.runtime, device=torch.device("cuda")))

    return make


def stays(job, on_device=True, mix=None, **spec):
    canvas = replace(job.input, **spec)
    return keep_resident(job.recipe, job.runtime, job.dataset, canvas, mix, on_device=on_device)


def test_auto_keeps_what_takes_a_tenth_of_a_gpus_memory(tiny, scenes):
    for make, channels in ((tiny, 3), (scenes, 4)):
        recipe = make()
        dataset = load_data(recipe)
        images = len(dataset.split("train")) + len(dataset.split("val"))
        job = assemble(recipe, dataset)
        needed = images * job.input.height * job.input.width * channels
        runtime = replace(job.runtime, device=torch.device("cuda"))
        for total, expected in ((10 * needed, True), (10 * needed - 1, False)):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(
                    torch.cuda, "get_device_properties", lambda device, total=total: SimpleNamespace(total_memory=total)
                )
                assert keep_resident(recipe, runtime, dataset, job.input, None, on_device=True) == expected


def test_auto_keeps_nothing_that_is_changed_elsewhere(tiny, gpu):
    job = gpu(tiny(), 1 << 40)
    assert stays(job)
    assert not stays(job, on_device=False)
    assert not stays(job, fit="tile")
    assert not stays(job, mix=Mixing(0.5, 0.5))
    assert not stays(replace(job, runtime=replace(job.runtime, device=torch.device("cpu"))))


def test_a_stage_that_augments_stays_where_the_device_does_that(tiny, gpu):
    job = gpu(tiny(stages=LIGHT), 1 << 40)
    assert [job.resident(stage) for stage in job.recipe.stages] == [False, True]
    assert [replace(job, augments=True).resident(stage) for stage in job.recipe.stages] == [True, True]


def test_asked_for_it_is_done_or_refused(tiny, gpu):
    job = gpu(tiny(runtime={"resident": True}), 100_000)
    with pytest.raises(
        RecipeError, match=r"resident: true, but on canvases of 32 x 32 the images take 0.0 GB, and cuda has 0.0"
    ):
        stays(job)
    assert stays(gpu(job.recipe, 1_000_000), on_device=False)
    assert not stays(gpu(tiny(runtime={"resident": False}), 1 << 40))


def test_room_is_asked_for_before_the_first_stage(tiny, gpu):
    larger = [LIGHT[0], LIGHT[1] | {"image_size": 64}]
    for resident, stages, refused in ((True, larger, True), (True, LIGHT, False), ("auto", larger, False)):
        job = gpu(tiny(runtime={"resident": resident}, stages=stages), 500_000)
        images = len(job.dataset.split("train")) + len(job.dataset.split("val"))
        assert images * 32 * 32 * 3 < 500_000 < images * 64 * 64 * 3
        with pytest.raises(RecipeError, match="on canvases of 64 x 64") if refused else nullcontext():
            require_room(job.recipe, job.runtime, job.dataset, job.canvas)


OBJECTS = [{"name": "a", "epochs": 1, "augment": "light"}, {"name": "b", "epochs": 1, "augment": "light"}]


@pytest.mark.parametrize("runtime", [{"resident": True}, {"decode": "cuda"}])
def test_what_contradicts_it_is_refused_at_once(tiny, objects, runtime):
    what = "runtime.resident: true" if "resident" in runtime else "runtime.decode: cuda"
    runtime = {"device": "auto", **runtime}
    for make, sections, message in (
        (tiny, {"input": {"fit": "tile"}}, "input.fit: tile"),
        (objects, {"augment": {"mosaic": 0.5}}, "augment.mosaic and mixup"),
        (objects, {"augment": {"mixup": 0.5}}, "augment.mosaic and mixup"),
        (tiny, {"augment": {"device": "cpu"}}, "augment.device: cpu"),
    ):
        with pytest.raises(ValidationError, match=f"{what}: {message}"):
            make(runtime=runtime, stages=OBJECTS, **sections)
    tiny(runtime=runtime, augment={"device": "cpu"}, stages=LIGHT[1:])
    tiny(runtime=runtime, augment={"mixup": 0.5}, stages=OBJECTS)


def test_cuda_must_be_there_to_decode(tiny):
    recipe = tiny(runtime={"decode": "cuda"}, stages=LIGHT[1:])
    job = assemble(recipe, load_data(recipe))  # a finished run is opened anywhere
    message = "runtime.decode: cuda asked for, and the network trains on cpu; use cpu"
    with pytest.raises(RecipeError) as caught:
        require_decoder(recipe, job.runtime)
    assert str(caught.value) == message
    with pytest.raises(RecipeError, match=message):
        job.train_loader(recipe.stages[0])
    with job.eval_loader("val", job.input) as plain:
        assert next(plain.evaluation()).images_BHW3.shape[1:] == (32, 32, 3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("resident", [True, False])
def test_a_gpu_decodes(tiny, resident):
    recipe = tiny(runtime={"decode": "cuda", "device": "cuda", "resident": resident}, stages=LIGHT[1:])
    job = assemble(recipe, load_data(recipe))
    with job.train_loader(recipe.stages[0]) as there, job.eval_loader("train", job.input) as here:
        assert isinstance(there, DecodedImages) != resident
        for one, other in zip(there.evaluation(), here.evaluation(), strict=True):
            assert torch.equal(one.images_BHW3.cpu(), other.images_BHW3)  # all PNG


def test_threads_read_where_a_gpu_decodes(tiny, monkeypatch):
    """The device alone is missing here."""
    monkeypatch.setattr("visionft.assemble.images.require_decoder", lambda recipe, runtime: None)
    recipe = tiny(runtime={"decode": "cuda"}, stages=LIGHT[1:])
    job = assemble(recipe, load_data(recipe))
    samples = job.dataset.split("train")
    for resident in (False, True):
        with (
            batches(recipe, job.runtime, samples, job.input, resident=resident, on_progress=lambda *_: None) as there,
            job.eval_loader("train", job.input) as here,
        ):
            assert isinstance(there, DecodedImages) != resident
            for one, other in zip(there.evaluation(), here.evaluation(), strict=True):
                assert torch.equal(one.images_BHW3, other.images_BHW3)
                assert one.ids == other.ids
