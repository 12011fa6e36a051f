import numpy as np
import pytest

from tests.data.box_sets import told, write_voc, write_yolo
from visionft.annotations.polygons import Polygon
from visionft.data.dataset import load_dataset
from visionft.data.formats.detect import detect_format
from visionft.data.listing import LabelOptions
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons
from visionft.errors import DataError

TRIANGLE, BACKWARDS = "0 0.25 0.2 0.75 0.2 0.5 0.8", "1 0.5 0.8 0.75 0.2 0.25 0.2"


def load(path, **options):
    return load_dataset(path, format="yolo_outlines", options=LabelOptions(**options))


def test_outlines_become_pixels_and_run_clockwise(tmp_path):
    write_yolo(tmp_path, {"train/a": f"{TRIANGLE}\n{BACKWARDS}", "val/b": TRIANGLE, "val/c": ""})
    dataset = load(tmp_path)
    first, second, third = (sample.target for sample in dataset.samples)
    assert (dataset.target, dataset.class_names, first.labels) == (Polygons, ("cat", "dog"), (0, 1))
    for xyxy, polygon in zip(first.xyxy, first.polygons, strict=True):
        assert xyxy == pytest.approx((3, 2, 9, 8))
        np.testing.assert_allclose(*polygon.points, [(3, 2), (9, 2), (6, 8)], rtol=1e-6)
    assert second.polygons == first.polygons[:1]
    assert third.polygons == ()


def test_lines_that_are_boxes_are_objects_without_an_outline(tmp_path):
    write_yolo(tmp_path, {"train/a": f"0 0.5 0.5 0.5 0.4\n{TRIANGLE}", "val/b": TRIANGLE})
    dataset = load(tmp_path)
    found = dataset.samples[0].target
    assert found.xyxy == (pytest.approx((3, 3, 9, 7)), pytest.approx((3, 2, 9, 8)))
    assert [len(polygon.rings) for polygon in found.polygons] == [0, 1]
    assert any(line.startswith("outlines: 1 of 3 objects have none") for line in told(dataset))


def test_outlines_are_cut_off_at_the_edge_of_the_image(tmp_path):
    write_yolo(tmp_path, {"train/a": "0 0.75 0.5 1.25 0.5 1.25 1.5 0.75 1.5\n" + TRIANGLE})
    dataset = load(tmp_path)
    found = dataset.samples[0].target
    assert found.xyxy[0] == (9, 5, 12, 10)
    assert {tuple(point) for point in found.polygons[0].points[0].tolist()} == {(9, 5), (12, 5), (12, 10), (9, 10)}
    line = f"{tmp_path}/labels/train/a.txt: line 1: outline reaches out of the image; cut off at its edge"
    assert line in told(dataset)


def test_bad_lines_are_told(tmp_path):
    bad = ["0 100 20 500 20 300 90", "0 0.5 0.5 0.6 0.6 0.7 0.7", "0 nan 0 1 0 1 1", "0 0 0 1e9 0 1 1", "0 0 0 1 1 1"]
    write_yolo(tmp_path, {"train/a": "\n".join([*bad, TRIANGLE])})
    dataset = load(tmp_path)
    found = dataset.samples[0].target
    assert [len(polygon.rings) for polygon in found.polygons] == [0, 0, 1]
    lines = [line.removeprefix(f"{tmp_path}/labels/train/a.txt: ") for line in told(dataset) if "a.txt: line" in line]
    only = "cannot be used; the object is learned as a box only"
    pixels = "lies outside the image: the numbers are to be shares of its width and height, not pixels; left out"
    pairs = "has 5 numbers behind the class; four are a box, six or more in pairs an outline; left out"
    far = "it lies impossibly far outside the image"
    left_out = f"left out; its outline cannot be used either ({far})"
    assert sorted(lines) == [
        f"line 1: box [300, 55, 400, 70] {pixels}; its outline cannot be used either (it lies outside the image)",
        f"line 2: outline (it has no area) {only}",
        f"line 3: box [nan, 0.5, nan, 1] holds a number that is none; {left_out}",
        "line 4: box [500000000, 0.5, 1000000000, 1] reaches out of the image; cut off at its edge",
        f"line 4: outline ({far}) {only}",
        f"line 5: box '0 0 0 1 1 1' {pairs}",
    ]


def test_keypoints_are_no_outlines_and_boxes_alone_are_refused(tmp_path):
    points = "0 0.5 0.5 0.5 0.4 0.1 0.1 2 0.9 0.9 1"
    write_yolo(tmp_path, {"train/a": points}, "train: images\nnames: [a]\nkpt_shape: [2, 3]")
    advice = "to learn boxes, set task.kind: detection"
    with pytest.raises(DataError, match=f"no object has an outline; instance segmentation needs .*; {advice}"):
        load(tmp_path)


def test_boxes_alone_are_read_as_before(tmp_path):
    write_yolo(tmp_path, {"train/a": TRIANGLE})
    found = load_dataset(tmp_path, format="yolo").samples[0].target
    assert (found.xyxy, found.polygons) == ((pytest.approx((3, 2, 9, 8)),), ())


def test_the_task_decides_how_a_folder_is_read(tmp_path):
    root = write_yolo(tmp_path / "yolo", {"train/a": TRIANGLE})
    for place in (root, root / "data.yaml", tmp_path):
        assert detect_format(place, Polygons) == "yolo_outlines"
    assert detect_format(root) == detect_format(root, Boxes) == "yolo"
    assert load_dataset(root, target=Polygons).samples[0].target.polygons != (Polygon(),)
    voc = write_voc(tmp_path / "voc", {"a": [("cat", (1, 1, 5, 5))]})
    assert detect_format(voc, Polygons) == "voc"  # which the reader says to be made for detection
