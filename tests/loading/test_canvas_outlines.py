"""Samples with outlines on the canvas: where their objects are seen, cut into windows, kept in memory."""

import cv2
import numpy as np
import pytest

from tests.data.samples import objects, parts
from tests.shapes import grid, painted, star
from visionft.annotations.marks import CROWD
from visionft.annotations.polygons import Polygon
from visionft.augment import Augmenter, Mixing
from visionft.data.records import Sample
from visionft.loading.canvases import Canvases
from visionft.spec import InputSpec

SIZE = (90, 66)  # (width, height)
FITS = ["stretch", "pad", "crop", "tile"]


def write_sample(folder, name, shapes, unknown=()):
    """Write a black image with objects of three colours, also beyond its edge, classes 0, 1, 2."""
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    rows, polygons = [], []
    for number, rings in enumerate(shapes):
        image.reshape(-1, 3)[painted(rings, grid(SIZE)), number] = 255
        low, high = rings[0].min(axis=0).clip(0, SIZE), rings[0].max(axis=0).clip(0, SIZE)
        rows.append((*low.tolist(), *high.tolist()))
        polygons.append(Polygon(() if number in unknown else tuple(ring.tobytes() for ring in rings)))
    cv2.imwrite(str(folder / name), image[..., ::-1])
    boxes = objects(rows, range(len(rows)), (False,) * len(rows), polygons)
    return Sample(name, folder / name, boxes, "train", size=SIZE)


def shapes(seed):
    rng = np.random.default_rng(seed)
    found = []
    for number in range(3):
        centre = rng.uniform(8, np.array(SIZE) - 8)
        ring = star(rng, centre, rng.uniform(10, 24), 14)
        hole = (0.5 * (ring - centre) + centre)[::-1].astype(np.float32)
        found.append((ring, hole) if number else (ring,))
    return found


@pytest.fixture
def samples(tmp_path):
    return [
        *(write_sample(tmp_path, f"{seed}.png", shapes(seed)) for seed in range(4)),
        write_sample(tmp_path, "empty.png", []),
        write_sample(tmp_path, "unknown.png", shapes(7), unknown={1}),
    ]


def canvases(samples, spec, **options):
    return Canvases(samples, spec, **{"seed": 0, "augment": None, "cache_bytes": 0, **options})


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(48, 64), (66, 90), (110, 120)])
def test_outlines_lie_where_the_objects_are_seen(samples, fit, size):
    spec = InputSpec(*size, fit=fit, crop_pct=0.8, interpolation="bilinear", mean=(0, 0, 0))
    found = canvases(samples[:4], spec)
    compared = 0
    for index in range(len(found)):
        image, _, boxes_N5, polygons = parts(found[0, index])
        assert len(polygons) == len(boxes_N5)
        points = grid(size[::-1])
        for box, rings in zip(boxes_N5, polygons, strict=True):
            corners = np.concatenate(rings)
            assert box[:4].tolist() == [*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()]
            if box[4] != CROWD:
                inside = painted(rings, points).reshape(size).astype(np.uint8)
                around = np.ones((5, 5), np.uint8)
                sure = cv2.dilate(inside, around) == cv2.erode(inside, around)
                assert (((image[..., int(box[4])] > 127) != inside.astype(bool)) & sure).sum() <= 2
                compared += 1
    assert compared >= 10


def test_nothing_is_seen_beyond_the_edge_of_the_image(tmp_path):
    """An outline may reach further, and a canvas may have a border there."""
    ring = np.array([[-20, 10], [40, 10], [40, 40], [-20, 40]], np.float32)
    sample = write_sample(tmp_path, "a.png", [(ring,)])
    spec = InputSpec(90, 150, fit="pad")
    _, _, boxes_N5, ((seen,),) = parts(canvases([sample], spec)[0, 0])
    across, down = 123 / 90, 90 / 66  # 123 pixels are the nearest to the aspect ratio; 13 are left of them
    expected = [13, 10 * down, 13 + 40 * across, 40 * down, 0]
    assert boxes_N5[0].tolist() == pytest.approx(expected, abs=1e-3)
    assert seen[:, 0].min() == boxes_N5[0, 0]


@pytest.mark.parametrize("fit", FITS)
def test_every_object_has_its_outline_or_nothing(samples, fit):
    spec = InputSpec(48, 64, fit=fit)
    found = canvases(samples, spec)
    assert all(
        len(found[0, index].target.polygons) == len(found[0, index].target.boxes_N5) for index in range(len(found))
    )
    whole = canvases(samples, InputSpec(66, 90, fit="pad"))
    assert whole[0, 4].target.polygons == ()
    assert [len(rings) for rings in whole[0, 5].target.polygons] == [1, 0, 2]
    assert whole[0, 5].target.boxes_N5[:, 4].tolist() == [0, 1, 2]
    assert np.abs(whole[0, 5].target.boxes_N5[1, :4] - samples[5].target.xyxy[1]).max() < 1e-4


@pytest.mark.parametrize("fit", ["pad", "tile"])
def test_memory_changes_nothing_but_reading_and_counts_outlines(samples, fit):
    spec = InputSpec(48, 64, fit=fit)
    options = {"training": True, "mix": Mixing(0.5, 0.3), "augment": Augmenter("strong", "any", (0, 0, 0))}
    kept, read = canvases(samples, spec, cache_bytes=1 << 20, **options), canvases(samples, spec, **options)
    for key in [(epoch, index) for epoch in range(2) for index in range(6)]:
        one, other = kept[key], read[key]
        assert one.target.boxes_N5.tobytes() == other.target.boxes_N5.tobytes()
        assert len(one.target.polygons) == len(other.target.polygons)
        for rings, others in zip(one.target.polygons, other.target.polygons, strict=True):
            assert [ring.tobytes() for ring in rings] == [ring.tobytes() for ring in others]
    example = canvases(samples, InputSpec(66, 90, fit="stretch"))[0, 1]
    pixels = example.image_HW3.nbytes + example.target.boxes_N5.nbytes
    rings = sum(ring.nbytes for rings in example.target.polygons for ring in rings)
    assert rings > 500
    for room, again in ((pixels + rings, True), (pixels + rings - 1, False)):
        found = canvases([samples[1]], InputSpec(66, 90, fit="stretch"), cache_bytes=room)
        assert (found[0, 0] is found[0, 0]) == again
