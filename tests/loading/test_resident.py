"""Images that stay on a device, here the CPU: the batches are the loader's, bit for bit."""

from functools import partial

import pytest
import torch

from tests.data.everything import KINDS, everything, make_samples
from visionft.augment import Augmenter
from visionft.errors import DataError
from visionft.loading.loader import Loader
from visionft.loading.resident import DecodedImages, ResidentImages, resident_bytes
from visionft.spec import InputSpec

CPU = torch.device("cpu")
SPEC = InputSpec(height=40, width=40, fit="pad")


def resident(samples, *, augment=None, device=CPU, batch_size=5, seed=4, plain=None, **options):
    plain = plain or partial(Loader, spec=SPEC, batch_size=7, cache_bytes=0)
    return ResidentImages(samples, SPEC, batch_size, plain=plain, seed=seed, augment=augment, device=device, **options)


def augmenter(kind, strength, **options):
    fill = (7, 8, 9) if kind in ("boxes", "outlines") else None
    return Augmenter(strength, "any", fill, polygons=kind == "outlines", **{"defer_to_device": True, **options})


def must_equal(there, loader):
    for epoch, start in ((0, 0), (3, 0), (3, 2), (0, 0)):
        assert everything(there.training(epoch, start)) == everything(loader.training(epoch, start))
    assert everything(there.evaluation()) == everything(loader.evaluation())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strength", ["none", "light", "medium", "strong"])
def test_batches_are_the_loaders(tmp_path, kind, strength):
    samples = make_samples(tmp_path, kind, 28)
    augment = augmenter(kind, strength)
    with (
        Loader(samples, SPEC, 5, seed=4, augment=augment, training=True) as loader,
        resident(samples, augment=augment) as there,
    ):
        must_equal(there, loader)


def test_few_images_change_before_the_device_has_them(tmp_path):
    """Those with JPEG artefacts, one in ten at strength strong; without them the comparisons above show little."""
    samples = make_samples(tmp_path, "masks", 40)
    with resident(samples) as plain, resident(samples, augment=augmenter("masks", "strong")) as there:
        pairs = [*zip(plain.training(0), there.training(0), strict=True)]
    changed = torch.cat([(one.images_BHW3 != other.images_BHW3).flatten(1).any(1) for one, other in pairs])
    moved = torch.cat([(one.targets != other.targets).flatten(1).any(1) for one, other in pairs])
    assert 1 < changed.sum() < 12
    assert moved.sum() > 1
    assert not (moved & ~changed).any()


@pytest.mark.parametrize("kind", KINDS)
def test_even_what_the_cpu_augments_is_the_same(tmp_path, kind):
    """Where the device does not augment, pixels are fetched for every image."""
    samples = make_samples(tmp_path, kind, 11)
    augment = augmenter(kind, "strong", defer_to_device=False)
    with (
        Loader(samples, SPEC, 5, seed=4, augment=augment, training=True) as loader,
        resident(samples, augment=augment) as there,
    ):
        must_equal(there, loader)


def test_mixed_classes_are_drawn_as_in_the_loader(tmp_path):
    samples = make_samples(tmp_path, "labels", 23)
    augment = augmenter("labels", "strong", mixup=0.4, cutmix=0.4)
    with (
        Loader(samples, SPEC, 5, seed=4, augment=augment, training=True) as loader,
        resident(samples, augment=augment) as there,
    ):
        must_equal(there, loader)
        changes = [change for batch in there.training(0) for change in batch.params]
    assert any(change.mixup_lambda for change in changes)
    assert any(change.cutmix_box for change in changes)


def test_files_are_read_once(tmp_path):
    samples = make_samples(tmp_path, "outlines", 9)
    with resident(samples) as there:
        before = everything(there.training(0))
        for sample in samples:
            sample.image.unlink()
        assert everything(there.training(0)) == before


@pytest.mark.filterwarnings("ignore:The image decoding and encoding:DeprecationWarning")
def test_decoded_there_they_stay_there(tmp_path):
    samples = make_samples(tmp_path, "masks", 12)
    plain = partial(DecodedImages, spec=SPEC, batch_size=4, seed=0, augment=None, device=CPU, threads=2)
    with Loader(samples, SPEC, 5, seed=4) as loader, resident(samples, plain=plain) as there:
        must_equal(there, loader)


def test_progress_is_told_and_what_gives_the_images_is_closed(tmp_path):
    samples, told, made = make_samples(tmp_path, "masks", 16), [], []

    def plain(given):
        made.append(Loader(given, SPEC, 7))
        return made[0]

    resident(samples, plain=plain, on_progress=lambda *progress: told.append(progress)).close()
    assert told == [(7, 16), (14, 16), (16, 16)]
    with pytest.raises(RuntimeError, match="the loader is closed"):
        next(made[0].evaluation())


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    samples = make_samples(tmp_path, "labels", 5)
    samples[3].image.unlink()
    with pytest.raises(DataError) as caught:
        resident(samples)
    assert str(caught.value) == f"{samples[3].image}: cannot be read (No such file or directory)"


def test_an_epoch_does_not_reach_the_images_that_stay(tmp_path):
    samples = make_samples(tmp_path, "masks", 12)
    with resident(samples, augment=augmenter("masks", "strong")) as there:
        first = everything(there.training(0))
        for batch in there.training(1):
            batch.images_BHW3.zero_()
            batch.targets.zero_()
        assert everything(there.training(0)) == first


def test_closed_it_gives_nothing_and_keeps_nothing(tmp_path):
    samples = make_samples(tmp_path, "masks", 12)
    there = resident(samples)
    batches = there.training(0)
    next(batches)
    there.close()
    with pytest.raises(RuntimeError):
        next(there.training(0))
    assert not [value for value in vars(there).values() if isinstance(value, torch.Tensor)]


@pytest.mark.parametrize(("kind", "channels"), [("labels", 3), ("masks", 4), ("boxes", 3)])
def test_bytes_are_counted_before(tmp_path, kind, channels):
    samples = make_samples(tmp_path, kind, 3)
    assert resident_bytes(samples, SPEC) == 3 * 40 * 40 * channels
    with resident(samples) as there:
        kept = [value for value in vars(there).values() if isinstance(value, torch.Tensor)]
        assert sum(tensor.nbytes for tensor in kept) == resident_bytes(samples, SPEC)


def test_boxes_take_no_pixels_with_them(tmp_path):
    samples = make_samples(tmp_path, "boxes", 3)
    with resident(samples) as there:
        (example, *_) = there._plain
    assert example.image_HW3.shape == (40, 40, 3)
    assert example.image_HW3.strides == (0, 0, 0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("kind", KINDS)
def test_on_a_gpu_they_are_the_loaders(tmp_path, kind):
    samples = make_samples(tmp_path, kind, 28)
    augment = augmenter(kind, "strong")
    device = torch.device("cuda")
    with (
        Loader(samples, SPEC, 5, seed=4, augment=augment, training=True) as loader,
        resident(samples, augment=augment, device=device) as there,
    ):
        must_equal(there, loader)
        assert next(there.training(0)).images_BHW3.is_cuda
        assert not any(target.is_cuda for batch in there.evaluation() for target in batch.targets)
