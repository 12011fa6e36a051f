"""Samples with masks on the canvas: aligned, cut into windows, kept in memory."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from visionft.annotations.marks import IGNORE
from visionft.data.records import Sample
from visionft.data.targets.mask import Mask
from visionft.imaging.placement import windows
from visionft.loading.canvases import Canvases
from visionft.loading.loader import Loader
from visionft.spec import InputSpec

SIZE = (50, 37)  # (width, height)


@dataclass(frozen=True)
class Coordinates:
    """A mask whose every pixel says where it is, modulo 200."""

    def read(self):
        width, height = SIZE
        return ((np.arange(height)[:, None] * 7 + np.arange(width)) % 200).astype(np.uint8)


@pytest.fixture
def samples(tmp_path):
    """Images whose grey value is the mask's class."""
    made = []
    for number in range(5):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), np.repeat(Coordinates().read()[:, :, None], 3, axis=2))
        made.append(Sample(path.name, path, Mask(Coordinates()), "train", size=SIZE))
    return made


def canvases(samples, spec, **options):
    return Canvases(samples, spec, **{"seed": 0, "augment": None, "cache_bytes": 0, **options})


def test_windows_cover_the_image_and_mask_and_image_agree(samples):
    spec = InputSpec(24, 32, fit="tile", overlap=0.25)
    corners = windows(SIZE, spec)
    found = canvases(samples, spec)
    assert len(found) == 5 * len(corners) > 5
    seen = np.zeros(SIZE[::-1], bool)
    for index, (x, y) in enumerate(corners):
        example = found[0, index]
        assert found.sample(index) is samples[0]
        assert (example.image_HW3[..., 0] == example.target.mask_HW).all()
        assert (example.target.mask_HW == Coordinates().read()[y : y + 24, x : x + 32]).all()
        seen[y : y + 24, x : x + 32] = True
    assert seen.all()


def test_training_draws_one_window_an_epoch(samples):
    spec = InputSpec(24, 32, fit="tile")
    found = canvases(samples, spec, training=True)
    assert len(found) == 5
    drawn = {found[epoch, 0].target.mask_HW.tobytes() for epoch in range(20)}
    assert len(drawn) > 10
    assert found[3, 0].target.mask_HW.tobytes() == canvases(samples, spec, training=True)[3, 0].target.mask_HW.tobytes()
    assert all((found[epoch, 1].image_HW3[..., 0] == found[epoch, 1].target.mask_HW).all() for epoch in range(5))


def test_a_window_beyond_the_image_is_ignored_there(samples):
    example = canvases(samples, InputSpec(64, 64, fit="tile"), training=True)[0, 0]
    assert (example.target.mask_HW[:37, :50] == Coordinates().read()).all()
    assert (example.target.mask_HW[37:] == IGNORE).all()
    assert (example.target.mask_HW[:, 50:] == IGNORE).all()


@pytest.mark.parametrize("fit", ["pad", "tile"])
def test_memory_changes_nothing_but_reading(samples, fit):
    spec = InputSpec(24, 32, fit=fit)
    kept, read = canvases(samples, spec, cache_bytes=1 << 20), canvases(samples, spec)
    before = [kept[0, index] for index in range(len(kept))]
    for index, example in enumerate(before):
        assert (example.image_HW3 == read[0, index].image_HW3).all()
        assert (example.target.mask_HW == read[0, index].target.mask_HW).all()
    for sample in samples:
        sample.image.unlink()
    assert all((kept[1, index].target.mask_HW == before[index].target.mask_HW).all() for index in range(len(kept)))


def test_batches_of_masks(samples):
    with Loader(samples, InputSpec(24, 32, fit="stretch"), 2) as loader:
        batches = list(loader.evaluation())
    assert [batch.targets.shape for batch in batches] == [(2, 24, 32), (2, 24, 32), (1, 24, 32)]
    assert batches[0].targets.dtype.is_floating_point is False
    assert batches[0].ids == ("0.png", "1.png")


def test_batches_of_windows_name_their_images(samples):
    spec = InputSpec(24, 32, fit="tile")
    with Loader(samples, spec, 3) as loader:
        names = [name for batch in loader.evaluation() for name in batch.ids]
    assert names == [sample.id for sample in samples for _ in windows(SIZE, spec)]
