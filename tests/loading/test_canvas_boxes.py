"""Samples with boxes on the canvas: where their objects are seen, cut into windows, batched."""

import cv2
import numpy as np
import pytest

from tests.data.samples import parts
from visionft.annotations.marks import CROWD, PADDING
from visionft.augment import Augmenter, Mixing
from visionft.data.records import Sample
from visionft.data.targets.boxes import Boxes
from visionft.imaging.placement import windows
from visionft.loading.canvases import Canvases
from visionft.loading.loader import Loader
from visionft.spec import InputSpec

SIZE = (100, 74)  # (width, height)
FITS = ["stretch", "pad", "crop", "tile"]


def colour(number):
    return (60 + 40 * (number % 5), 60 + 40 * (number // 5 % 5), 250)


def write_sample(folder, name, boxes, crowd=()):
    """Write a black image with a rectangle of its own colour for every box, classes 0, 1, 2, 0, ..."""
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for number, (left, top, right, bottom) in enumerate(boxes):
        image[top:bottom, left:right] = colour(number)
    path = folder / name
    cv2.imwrite(str(path), image[..., ::-1])
    labels = tuple(number % 3 for number in range(len(boxes)))
    flags = tuple(number in crowd for number in range(len(boxes)))
    return Sample(name, path, Boxes(tuple(boxes), labels, flags), "train", size=SIZE)


@pytest.fixture
def samples(tmp_path):
    """Images with objects at the border, over everything, of a pixel, many, and none."""
    grid = [(x, y, x + 4, y + 3) for y in range(2, 66, 16) for x in range(3, 90, 16)]
    return [
        write_sample(tmp_path, "0.png", [(0, 0, 30, 20), (70, 50, 100, 74), (40, 30, 55, 41)], crowd={2}),
        write_sample(tmp_path, "1.png", [(0, 0, *SIZE)]),
        write_sample(tmp_path, "2.png", []),
        write_sample(tmp_path, "3.png", grid),
        write_sample(tmp_path, "4.png", [(50, 37, 51, 38)]),
    ]


def canvases(samples, spec, **options):
    return Canvases(samples, spec, **{"seed": 0, "augment": None, "cache_bytes": 0, **options})


def seen(image, number, share=0.0):
    """Return the box of a colour, or None; its pixels may be mixed with a share of black."""
    rows, columns = np.nonzero(np.abs(image.astype(int) - colour(number)).sum(axis=-1) <= sum(colour(number)) * share)
    if not len(rows):
        return None
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(48, 64), (74, 100), (160, 150)])
def test_boxes_lie_where_the_objects_are_seen(tmp_path, fit, size):
    """Every object by itself, at every corner, edge and in the middle."""
    spec = InputSpec(*size, fit=fit, crop_pct=0.9, interpolation="bilinear", mean=(0, 0, 0))
    places = [(x, y, x + 28, y + 22) for x in (0, 31, 72) for y in (0, 24, 52)]
    found = canvases([write_sample(tmp_path, f"{index}.png", [box]) for index, box in enumerate(places)], spec)
    compared = 0
    for index in range(len(found)):
        image, _, boxes_N5, _ = parts(found[0, index])
        expected = seen(image, 0, share=0.5)
        assert boxes_N5.dtype == np.float32
        assert len(boxes_N5) <= 1
        if expected is not None:
            assert np.abs(boxes_N5[0, :4] - expected).max() <= 0.51
            compared += 1
    assert compared >= len(places)


@pytest.mark.parametrize("fit", FITS)
def test_boxes_stay_inside_and_keep_their_order(samples, fit):
    spec = InputSpec(64, 64, fit=fit, crop_pct=1.0)
    found = canvases(samples, spec)
    for index in range(len(found)):
        boxes_N5 = found[0, index].target.boxes_N5
        assert (boxes_N5[:, :2] >= 0).all()
        assert (boxes_N5[:, 2:4] <= 64).all()
        assert (boxes_N5[:, 2:4] > boxes_N5[:, :2]).all()
    if fit in ("stretch", "pad"):
        assert found[0, 0].target.boxes_N5[:, 4].tolist() == [0, 1, CROWD]
        assert found[0, 3].target.boxes_N5[:, 4].tolist() == [number % 3 for number in range(24)]
    assert found[0, len(found) - 1].target.boxes_N5.shape[1] == 5


def test_a_stretched_box_is_exact(samples):
    boxes_N5 = canvases(samples, InputSpec(37, 200, fit="stretch"))[0, 0].target.boxes_N5
    assert boxes_N5.tolist() == [[0, 0, 60, 10, 0], [140, 25, 200, 37, 1], [80, 15, 110, 20.5, CROWD]]
    whole = canvases(samples, InputSpec(50, 31, fit="stretch"))[0, 1].target.boxes_N5
    assert whole.tolist() == [[0, 0, 31, 50, 0]]


def test_windows_show_their_part_of_every_object(samples):
    spec = InputSpec(40, 48, fit="tile")
    corners = windows(SIZE, spec)
    found = canvases(samples[:1], spec)
    assert len(found) == len(corners) > 2
    classes = set()
    for index, (x, y) in enumerate(corners):
        image, _, boxes_N5, _ = parts(found[0, index])
        visible = [number for number in range(3) if seen(image, number) is not None]
        for number, (*box, kind) in zip(visible, boxes_N5.tolist(), strict=True):
            assert box == seen(image, number).tolist()
            whole = np.array(samples[0].target.xyxy[number]) - [x, y, x, y]
            share = np.subtract(box[2:], box[:2]).prod() / (whole[2:] - whole[:2]).prod()
            assert kind == (CROWD if share < 0.25 or number == 2 else number)
            classes.add(kind)
    assert classes == {0, 1, CROWD}


@pytest.mark.parametrize("fit", FITS)
def test_memory_changes_nothing_but_reading(samples, fit):
    spec = InputSpec(24, 32, fit=fit)
    kept, read = canvases(samples, spec, cache_bytes=1 << 20), canvases(samples, spec)
    before = [kept[0, index] for index in range(len(kept))]
    for index, example in enumerate(before):
        assert (example.target.boxes_N5 == read[0, index].target.boxes_N5).all()
    for sample in samples:
        sample.image.unlink()
    assert all((kept[1, index].target.boxes_N5 == before[index].target.boxes_N5).all() for index in range(len(kept)))


def test_batches_are_padded_to_the_fullest(samples):
    with Loader(samples, InputSpec(74, 100, fit="stretch"), 3) as loader:
        first, second = loader.evaluation()
    assert (first.targets.shape, second.targets.shape) == ((3, 3, 5), (2, 24, 5))
    assert str(first.targets.dtype) == "torch.float32"
    padding = [0, 0, 0, 0, PADDING]
    assert first.targets[0, :, 4].tolist() == [0, 1, CROWD]
    assert first.targets[1].tolist() == [[0, 0, 100, 74, 0], padding, padding]
    assert first.targets[2].tolist() == [padding] * 3
    assert second.targets[1].tolist() == [[50, 37, 51, 38, 0], *[padding] * 23]


def test_a_batch_without_objects_has_a_row(samples):
    with Loader([samples[2], samples[2]], InputSpec(24, 32), 2) as loader:
        (batch,) = loader.evaluation()
    assert batch.targets.tolist() == [[[0, 0, 0, 0, PADDING]]] * 2


def everything(batches):
    return [(batch.ids, batch.targets.numpy().tobytes(), batch.images_BHW3.numpy().tobytes()) for batch in batches]


@pytest.mark.parametrize("fit", ["pad", "tile"])
def test_partners_depend_on_seed_epoch_and_sample_alone(samples, fit):
    spec = InputSpec(48, 64, fit=fit)
    one = canvases(samples, spec, mix=Mixing(0.7, 0.7), training=True, cache_bytes=1 << 20)
    two = canvases(samples, spec, mix=Mixing(0.7, 0.7), training=True)
    other = canvases(samples, spec, mix=Mixing(0.7, 0.7), training=True, seed=1)
    keys = [(epoch, index) for epoch in range(3) for index in range(5)]
    first = {key: one[key] for key in keys}
    for key in reversed(keys):
        assert (first[key].image_HW3 == two[key].image_HW3).all()
        assert (first[key].target.boxes_N5 == two[key].target.boxes_N5).all()
    looks = {example.image_HW3.tobytes() for example in first.values()}
    assert len(looks) > 12
    assert not looks >= {other[key].image_HW3.tobytes() for key in keys}


@pytest.mark.slow
def test_workers_and_memory_change_nothing(samples):
    augment = Augmenter("strong", "any", fill=(1, 2, 3))
    reference = None
    for workers, cache_bytes in ((0, 0), (0, 1 << 20), (1, 0), (2, 0)):
        options = {"seed": 3, "augment": augment, "mix": Mixing(0.5, 0.5), "training": True}
        with Loader(
            samples, InputSpec(48, 48, fit="pad"), 2, workers=workers, cache_bytes=cache_bytes, **options
        ) as loader:
            next(loader.training(0))  # a pass that is given up leaves no trace
            found = [everything(loader.training(epoch)) for epoch in (0, 1, 1)]
            assert everything(loader.training(1, start_batch=1)) == found[1][1:]
        reference = reference or found
        assert found == reference
    assert reference[1] == reference[2] != reference[0]
