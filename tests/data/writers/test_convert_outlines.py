"""Outlines written for other tools and read back."""

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools.coco import COCO

from tests.data.folders import write_image
from tests.shapes import star
from visionft.annotations.polygons import Polygon, ring_area
from visionft.annotations.rasterization import box_around, fill, trace
from visionft.data.dataset import load_dataset
from visionft.data.records import Dataset, Sample
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons
from visionft.data.writers.convert import write_coco, write_voc, write_yolo
from visionft.data.writers.polygons import one_ring

WIDTH, HEIGHT = 12, 10
MASKS = hnp.arrays(np.bool_, st.just((HEIGHT, WIDTH))).filter(np.any)


def ring(*points):
    return np.array(points, np.float32)


def traced(mask):
    return tuple(each.tobytes() for each in trace(mask))


def build(root, masks, polygons=None):
    """One picture in each split, of objects of class 0 and 1 in turn, the last of them without an outline."""
    polygons = [*(polygons or [traced(mask) for mask in masks]), ()]
    rings = [Polygon(polygon).points for polygon in polygons]
    xyxy = [box_around(several) or (0.0, 0.0, 5.0, 4.0) for several in rings]
    found = Polygons(
        tuple(xyxy), tuple(at % 2 for at in range(len(xyxy))), (False,) * len(xyxy), tuple(map(Polygon, polygons))
    )
    samples = [
        Sample(f"{at}.png", write_image(root / f"{at}.png", at, (WIDTH, HEIGHT)), found, split, size=(WIDTH, HEIGHT))
        for at, split in enumerate(("train", "val", "test"))
    ]
    return Dataset("made", tuple(samples), ("cat", "dog"), target=Polygons)


def painted(sample):
    return [fill(polygon.points, (WIDTH, HEIGHT)).tolist() for polygon in sample.target.polygons]


@settings(max_examples=15, deadline=None)
@given(st.lists(MASKS, min_size=1, max_size=3, unique_by=bytes))
def test_pixels_come_back_from_coco_and_yolo(masks):
    with TemporaryDirectory() as folder:
        dataset = build(Path(folder, "from"), masks)
        assert write_coco(dataset, Path(folder, "coco")) == []
        write_yolo(dataset, Path(folder, "yolo"))
        for kind in ("coco", "yolo"):
            again = load_dataset(Path(folder, kind), target=Polygons)
            assert (again.target, again.class_names) == (Polygons, dataset.class_names)
            assert {sample.split for sample in again.samples} == {"train", "val", "test"}
            for sample in again.samples:
                (before,) = [each for each in dataset.samples if each.split == sample.split]
                assert painted(sample) == painted(before)
                assert sample.target.labels == before.target.labels
                np.testing.assert_allclose(sample.target.xyxy, before.target.xyxy, atol=1e-5)
                assert sample.target.polygons[-1] == Polygon()


POLYGON = st.builds(
    lambda seed, points: star(np.random.default_rng(seed), np.array([5.0, 5.0]), 4.5, points),
    st.integers(0, 10**6),
    st.integers(4, 9),
)


@settings(max_examples=15, deadline=None)
@given(POLYGON, POLYGON)
def test_points_of_polygons_come_back_as_they_were(one, other):
    parts = sorted((one, other), key=lambda each: -ring_area(each))
    polygons = [(one.tobytes(),), tuple(each.tobytes() for each in parts)]
    with TemporaryDirectory() as folder:
        dataset = build(Path(folder, "from"), (), polygons)
        write_coco(dataset, Path(folder, "coco"))
        write_yolo(dataset, Path(folder, "yolo"))
        coco, yolo = (load_dataset(Path(folder, kind), target=Polygons) for kind in ("coco", "yolo"))
        assert coco.samples[0].target == dataset.samples[0].target
        np.testing.assert_allclose(*yolo.samples[0].target.polygons[0].points, one, atol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # by pycocotools
def test_an_independent_reader_understands_the_coco_files(tmp_path):
    frame = np.zeros((HEIGHT, WIDTH), bool)
    frame[1:8, 2:9] = True
    frame[3:5, 4:6] = False
    solid = np.zeros((HEIGHT, WIDTH), bool)
    solid[2:6, 3:9] = True
    dataset = build(tmp_path / "from", (frame, solid))
    write_coco(dataset, tmp_path / "to")
    coco = COCO(tmp_path / "to/annotations/instances_val.json")
    holed, plain, bare = (coco.anns[number] for number in (1, 2, 3))
    assert np.array_equal(coco.annToMask(holed), frame)
    assert np.array_equal(coco.annToMask(plain), solid)
    assert [holed["area"], plain["area"], bare["area"]] == [45, 24, 20]
    (points,) = plain["segmentation"]
    assert sorted(zip(points[::2], points[1::2], strict=True)) == [(3, 2), (3, 6), (9, 2), (9, 6)]
    assert bare["segmentation"] == []


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_holes_and_parts_are_joined_to_one_ring_with_the_same_pixels(mask):
    joined = one_ring(Polygon(traced(mask)), (WIDTH, HEIGHT))
    assert np.array_equal(fill((joined,), (WIDTH, HEIGHT)), mask)
    assert ring_area(joined) == mask.sum()


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_thousands_of_parts_and_holes_are_joined_in_a_moment(share):
    mask = np.zeros((3000, 4000), bool)
    mask[200:400, 500:700] = np.random.default_rng(0).random((200, 200)) < share
    rings = trace(mask)
    assert len(rings) > 1000
    polygon = Polygon(tuple(each.tobytes() for each in rings))
    start = time.process_time()
    joined = one_ring(polygon, (4000, 3000))
    assert time.process_time() - start < 5  # takes 0.2
    assert ring_area(joined) == mask.sum()
    assert np.array_equal(fill((joined,), (4000, 3000)), mask)
    assert len(joined) == sum(map(len, rings)) + 2 * (len(rings) - 1)


def test_parts_that_overlap_do_not_cut_each_other_out():
    one, other = ring((1, 1), (7, 1), (7, 7), (1, 7)), ring((4, 4), (9, 4), (9, 9), (4, 9))
    joined = one_ring(Polygon((one.tobytes(), other.tobytes())), (WIDTH, HEIGHT))
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[1:7, 1:7] = expected[4:9, 4:9] = True
    assert np.array_equal(fill((joined,), (WIDTH, HEIGHT)), expected)


def test_what_a_format_cannot_hold_is_told(tmp_path):
    apart = np.zeros((HEIGHT, WIDTH), bool)
    apart[1:3, 1:3] = apart[6:9, 6:9] = True
    dataset = build(tmp_path / "from", (apart,))
    yolo, voc = write_yolo(dataset, tmp_path / "yolo"), write_voc(dataset, tmp_path / "voc")
    how = "joined to one outline by lines there and back, which changes no pixel: 0.png, 1.png, 2.png"
    assert [str(problem) for problem in (*yolo, *voc)] == [
        f"{tmp_path}/yolo: 3 objects have holes or several parts, which YOLO cannot say; {how}",
        f"{tmp_path}/voc: 3 objects have outlines, which Pascal VOC cannot say; only their boxes are written",
    ]


@pytest.mark.parametrize("write", [write_coco, write_yolo])
def test_boxes_alone_are_written_as_before(tmp_path, write):
    dataset = build(tmp_path / "from", (np.ones((HEIGHT, WIDTH), bool),))
    boxes = Boxes(dataset.samples[0].target.xyxy, (0, 1), (False, False))
    plain = Dataset(
        "made",
        tuple(Sample(each.id, each.image, boxes, each.split, size=each.size) for each in dataset.samples),
        dataset.class_names,
        target=Boxes,
    )
    assert write(plain, tmp_path / "to") == []
    assert load_dataset(tmp_path / "to").target is Boxes
    for file in (tmp_path / "to").rglob("*.json"):
        fields = {"id", "image_id", "category_id", "bbox", "area", "iscrowd"}
        assert all(set(annotation) == fields for annotation in json.loads(file.read_text())["annotations"])
