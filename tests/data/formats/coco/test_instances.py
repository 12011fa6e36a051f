import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from tests.data.box_sets import told, write_coco
from tests.data.mask_sets import write_turned_jpeg
from visionft.annotations.marks import CROWD
from visionft.annotations.polygons import Polygon
from visionft.annotations.rasterization import fill
from visionft.data.dataset import load_dataset
from visionft.data.formats.coco.instances import read_polygon
from visionft.data.formats.detect import detect_format
from visionft.data.listing import LabelOptions
from visionft.data.splits import SPLITS
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.mask import Mask
from visionft.data.targets.polygons import Polygons
from visionft.errors import DataError

WIDTH, HEIGHT = 12, 10
TRIANGLE = [[1, 1, 9, 1, 9, 7]]
SQUARE = [[2, 2, 6, 2, 6, 6, 2, 6]]


def load(path, **options):
    return load_dataset(path, format="coco_instances", options=LabelOptions(**options))


def annotation(segmentation=None, number=1, category=3, image=1, **more):
    stated = {} if segmentation is None else {"segmentation": segmentation}
    return {"id": number, "image_id": image, "category_id": category, **stated, **more}


def run_lengths(mask, compressed=False):
    """By pycocotools; its uncompressed form by hand."""
    size = [int(side) for side in mask.shape]
    if compressed:
        return {"size": size, "counts": coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()}
    flat = mask.T.ravel().astype(int)
    edges = np.flatnonzero(np.diff(flat, prepend=0)) if len(flat) else []
    return {"size": size, "counts": np.diff([0, *edges, len(flat)]).tolist()}


def objects(path, **options):
    return load(path, **options).samples[0].target


def test_polygons_become_outlines_and_the_boxes_around_them(tmp_path):
    path = write_coco(tmp_path / "a.json", [annotation(TRIANGLE, bbox=[0, 0, 10, 8]), annotation(SQUARE, 2, 7)], 2)
    dataset = load(path)
    first, second = dataset.samples
    assert (dataset.target, dataset.class_names) == (Polygons, ("cat", "dog"))
    assert first.target.xyxy == ((1, 1, 9, 7), (2, 2, 6, 6))
    assert (first.target.labels, first.target.crowd) == ((0, 1), (False, False))
    assert [[ring.tolist() for ring in polygon.points] for polygon in first.target.polygons] == [
        [[[1, 1], [9, 1], [9, 7]]],
        [[[2, 2], [6, 2], [6, 6], [2, 6]]],
    ]
    assert (len(second.target), second.target.polygons) == (0, ())


def test_every_polygon_fills_whichever_way_it_runs_and_the_larger_come_first(tmp_path):
    small, large = [9, 1, 9, 3, 11, 3, 11, 1], [2, 6, 6, 6, 6, 2, 2, 2]
    (polygon,) = objects(write_coco(tmp_path / "a.json", [annotation([small, large, [1, 2, 3, 4], []])])).polygons
    assert [ring.tolist() for ring in polygon.points] == [
        [[2, 2], [6, 2], [6, 6], [2, 6]],
        [[11, 1], [11, 3], [9, 3], [9, 1]],
    ]


def test_a_polygon_that_crosses_itself_fills_both_its_parts(tmp_path):
    (polygon,) = objects(write_coco(tmp_path / "a.json", [annotation([[1, 1, 9, 9, 9, 1, 1, 9]])])).polygons
    pixels = fill(polygon.points, (WIDTH, HEIGHT))
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    inside = (np.abs(x - 5) > np.abs(y - 5)) & (x > 1) & (x < 9)
    on_edge = np.abs(x - 5) == np.abs(y - 5)
    assert np.array_equal(pixels[~on_edge], inside[~on_edge])


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14)), st.booleans())
def test_run_lengths_are_traced_to_the_very_pixels(mask, compressed):
    stated = read_polygon(run_lengths(mask, compressed))
    height, width = mask.shape
    if not mask.any():
        assert stated.fault == "it has no area"
    else:
        assert (stated.fault, stated.size) == ("", (width, height))
        assert np.array_equal(fill(Polygon(stated.rings).points, (width, height)), mask)


def test_crowds_and_ignored_categories_keep_their_outlines(tmp_path):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[2:8, 3:9] = True
    mask[4:6, 5:7] = False
    crowd = annotation(run_lengths(mask), 2, iscrowd=1)
    path = write_coco(tmp_path / "a.json", [annotation(TRIANGLE), crowd, annotation(SQUARE, 3, 7)])
    found = objects(path, ignore=(7,))
    assert (found.labels, found.crowd) == ((0, 0, CROWD), (False, True, True))
    assert found.xyxy[1] == (3, 2, 9, 8)
    assert np.array_equal(fill(found.polygons[1].points, (WIDTH, HEIGHT)), mask)


def test_what_reaches_out_of_the_image_is_cut_off_and_told(tmp_path):
    out = [[8, 5, 18, 5, 18, 15, 8, 15], [-9, -9, -5, -9, -5, -5]]
    path = write_coco(tmp_path / "a.json", [annotation(out), annotation(SQUARE, 2)])
    dataset = load(path)
    found = dataset.samples[0].target
    assert found.xyxy == ((8, 5, 12, 10), (2, 2, 6, 6))
    (ring,) = found.polygons[0].points
    assert sorted(map(tuple, ring.tolist())) == [(8, 5), (8, 10), (12, 5), (12, 10)]
    assert f"{path}: annotation 1 (1.png): outline reaches out of the image; cut off at its edge" in told(dataset)


def test_an_outline_outside_the_image_leaves_the_box(tmp_path):
    outside = [[20, 1, 30, 1, 30, 9]]
    path = write_coco(
        tmp_path / "a.json",
        [
            annotation(outside, bbox=[1, 1, 5, 5]),
            annotation(SQUARE, 2),
            annotation(SQUARE, 3, 99),
            annotation(outside, 4, bbox=[20, 1, 10, 8]),
        ],
    )
    dataset = load(path)
    assert dataset.samples[0].target.xyxy == ((1, 1, 6, 6), (2, 2, 6, 6))
    assert dataset.samples[0].target.polygons[0] == Polygon()
    lines = told(dataset)
    where = f"{path}: annotation"
    fault = "outline (it lies outside the image) cannot be used; the object is learned as a box only"
    assert f"{where} 1 (1.png): {fault}" in lines
    lost = "lies outside the image, or has no area in it; left out; its outline cannot be used either (it lies outside"
    assert any(line.startswith(f"{where} 4 (1.png): box [20, 1, 10, 8] {lost}") for line in lines)
    assert any(line.startswith(f"{where} 3 (1.png): box [2, 2, 4, 4] is of class 99") for line in lines)


def test_a_wrong_box_gives_way_to_the_outline(tmp_path):
    path = write_coco(
        tmp_path / "a.json",
        [
            annotation(TRIANGLE, 1, bbox=[6, 6, 5, 4]),
            annotation([[0, 0, 3, 0, 3, 3]], 2, bbox=[0, 0, 0, 3]),
            annotation([[1, 0, 4, 0, 4, 3]], 3, bbox="none"),
            annotation([[2, 0, 5, 0, 5, 3]], 4, bbox=[2, 0, 4, 3]),  # rounded outwards
        ],
    )
    dataset = load(path)
    assert dataset.samples[0].target.xyxy == ((1, 1, 9, 7), (0, 0, 3, 3), (1, 0, 4, 3), (2, 0, 5, 3))
    assert [line for line in told(dataset) if "annotation" in line] == [
        f"{path}: annotation 1 (1.png): box [6, 6, 5, 4] is not around its outline; the outline counts"
    ]


UNREADABLE = [
    ([[0, 0, 5]], "a polygon is no list of x and y of three points or more"),
    ([0, 0, 5, 0, 5, 5, 7], "a polygon is no list of x and y of three points or more"),
    ([["a"] * 6], "a polygon holds something that is no number"),
    ([[0, 0, 5, 5, 9, 9]], "it has no area"),
    ("none", "has no segmentation"),
    ({"size": [10, 12], "counts": [3, 4, 5]}, "its run lengths add up to 12 pixels, the image has 120"),
    ({"size": [10, 12], "counts": [120]}, "it has no area"),
    ({"size": [10, 12], "counts": "d"}, "its run lengths are cut off"),
    ({"size": [10**6, 10**6], "counts": [10**12]}, "the size of its run lengths is no [height, width] in pixels"),
    ({"size": [True, 12], "counts": [12]}, "the size of its run lengths is no [height, width] in pixels"),
    ({"counts": [120]}, "the size of its run lengths is no [height, width] in pixels"),
    (
        {"size": [12, 10], "counts": [50, 10, 60]},
        "its run lengths are for 10 x 12 pixels, the image has 12 x 10, which is the picture turned",
    ),
    ({"size": [5, 6], "counts": [10, 10, 10]}, "its run lengths are for 6 x 5 pixels, the image has 12 x 10"),
]


@pytest.mark.parametrize(("segmentation", "reason"), UNREADABLE)
def test_an_unreadable_outline_leaves_the_box(tmp_path, segmentation, reason):
    bad = annotation(segmentation, 5, bbox=[1, 2, 3, 4])
    path = write_coco(tmp_path / "a.json", [bad, annotation(SQUARE)])
    dataset = load(path)
    found = dataset.samples[0].target
    assert (found.xyxy, found.polygons[0]) == (((1, 2, 4, 6), (2, 2, 6, 6)), Polygon())
    where = f"{path}: annotation 5 (1.png)"
    assert f"{where}: outline ({reason}) cannot be used; the object is learned as a box only" in told(dataset)
    bare = (
        "outlines: 1 of 2 objects have none; their boxes are learned, their masks neither learned nor measured: 1.png"
    )
    assert bare in told(dataset)
    fix = "fix it, or set data.on_bad_box: drop"
    with pytest.raises(DataError) as caught:
        load(path, on_bad_box="fail")
    assert f"{where}: outline ({reason}) cannot be used; {fix}" in str(caught.value)


def test_many_unreadable_outlines_are_told_in_one_line(tmp_path):
    bad = [annotation(reason[0], at, bbox=[at, 1, 2, 2]) for at, reason in enumerate(UNREADABLE[:6])]
    path = write_coco(tmp_path / "a.json", [*bad, annotation(SQUARE, 9)])
    (line,) = [line for line in told(load(path)) if "cannot be used" in line]
    assert line.startswith("6 outlines: each cannot be used; the object is learned as a box only: ")
    assert f"{path}: annotation 0 (1.png): outline (a polygon is no list" in line
    assert line.endswith("and 3 more")


def test_objects_without_any_outline_are_boxes(tmp_path):
    bare = [
        annotation(None, 1, bbox=[1, 1, 4, 4]),
        annotation([], 2, bbox=[1, 1, 5, 5]),
        annotation({}, 3, bbox=[1] * 4),
    ]
    path = write_coco(tmp_path / "a.json", [*bare, annotation(SQUARE, 4), annotation([["a"]], 5)])
    dataset = load(path)
    found = dataset.samples[0].target
    assert [bool(polygon.rings) for polygon in found.polygons] == [False, False, False, True]
    assert "outlines: 3 of 4 objects have none; their boxes are learned" in "\n".join(told(dataset))
    lost = "box None is no list of four numbers; left out; its outline cannot be used either (a polygon holds something"
    assert lost in "\n".join(told(dataset))
    assert len(load(write_coco(path, [*bare, annotation(SQUARE, 4)]), on_bad_box="fail").samples[0].target) == 4


def test_objects_that_share_a_box_are_two_and_repeated_ones_one(tmp_path):
    lower, upper = [[2, 2, 6, 6, 2, 6]], [[2, 2, 6, 2, 6, 6]]
    path = write_coco(tmp_path / "a.json", [annotation(lower, 1), annotation(upper, 2), annotation(lower, 3)])
    dataset = load(path)
    assert len(dataset.samples[0].target) == 2
    assert f"{path}: annotation 3 (1.png): box [2, 2, 4, 4] repeats another of the same class; left out" in told(
        dataset
    )


def test_data_of_which_no_object_has_an_outline_are_refused(tmp_path):
    mask = np.ones((5, 6), bool)
    crowd = annotation(TRIANGLE, 1, iscrowd=1)
    advice = r"needs COCO's segmentation, or YOLO's lines of x and y in pairs; to learn boxes, set task.kind: detection"
    for several, reason in (
        ([annotation([], bbox=[1, 1, 4, 4])], "no object has an outline; instance"),
        (
            [annotation([["a"] * 6], bbox=[1, 1, 4, 4])],
            r"that can be used \(a polygon holds something that is no number\)",
        ),
        ([crowd, annotation([], bbox=[1, 1, 4, 4])], "no object has an outline; instance"),
        (
            [annotation(run_lengths(mask), bbox=[1, 1, 4, 4])],
            r"that can be used \(.*are for 6 x 5 pixels, the image has",
        ),
    ):
        with pytest.raises(DataError, match=f"a.json: no object has an outline.*{reason}.*{advice}" if "that" in reason
                           else f"a.json: {reason}.*{advice}"):  # fmt: skip
            load(write_coco(tmp_path / "a.json", several))


def test_a_split_without_outlines_is_fatal(tmp_path):
    for split, number, segmentation in (("train", 1, []), ("valid", 2, SQUARE)):
        path = tmp_path / split / "_annotations.coco.json"
        write_coco(path, [annotation(segmentation, image=number, bbox=[2, 2, 4, 4])], first=number)
    (fatal,) = [problem for problem in load(tmp_path).problems if problem.fatal]
    assert str(fatal) == "train: no object has an outline, so no mask can be learned"


def test_a_test_part_without_outlines_is_told_and_validation_measured(tmp_path):
    crowd = annotation(SQUARE, 4, image=3, iscrowd=1)
    for split, number, several in (
        ("train", 1, [annotation(SQUARE, 1)]),
        ("valid", 2, [annotation(SQUARE, 2, image=2)]),
        ("test", 3, [annotation([], 3, image=3, bbox=[2, 2, 4, 4]), crowd]),
    ):
        write_coco(tmp_path / split / "_annotations.coco.json", several, first=number)
    dataset = load(tmp_path)
    assert [len(dataset.split(split)) for split in SPLITS] == [1, 1, 1]
    assert dataset.measured == "val"
    line = "test: no object has an outline, so nothing tells how good masks are; measured is val"
    assert line in told(dataset)
    assert not any(problem.fatal for problem in dataset.problems)
    several = [annotation(SQUARE, 3, image=3), crowd]
    write_coco(tmp_path / "test" / "_annotations.coco.json", several, first=3)
    assert load(tmp_path).measured == "test"


def test_outlines_that_are_boxes_are_told(tmp_path):
    line = "outlines: 9 of 9 are upright rectangles, as if drawn around boxes; masks learned from them are boxes, which"
    squares = [annotation([[x, 1, x + 2, 1, x + 2, 9, x, 9]], x) for x in range(9)]
    assert any(each.startswith(line) for each in told(load(write_coco(tmp_path / "a.json", squares))))
    triangles = [annotation([[x, 1, x + 2, 1, x + 2, 9]], x) for x in range(9)]
    assert not any("rectangles" in each for each in told(load(write_coco(tmp_path / "a.json", triangles))))


def test_outlines_of_a_stored_picture_that_is_shown_turned_are_turned_with_it(tmp_path):
    path = write_coco(tmp_path / "a.json", [annotation(SQUARE, image=1), annotation(SQUARE, 2, image=2)], 2)
    data = json.loads(path.read_text())
    data["images"][0]["file_name"] = write_turned_jpeg(tmp_path / "turned.jpg").name
    path.write_text(json.dumps(data))
    dataset = load(path)
    assert [sample.id for sample in dataset.samples] == ["2.png", "turned.jpg"]
    there, turned = (sample.target for sample in dataset.samples)
    ((left, top, right, bottom),) = there.xyxy
    assert turned.xyxy == ((10 - bottom, left, 10 - top, right),)  # 12 x 10 pixels, a quarter to the right
    points = turned.polygons[0].points[0]
    assert (*points.min(0), *points.max(0)) == turned.xyxy[0]
    assert any(
        "turned.jpg" in line and "shown turned upright by its EXIF orientation" in line for line in told(dataset)
    )


def test_boxes_alone_are_read_as_before(tmp_path):
    path = write_coco(tmp_path / "a.json", [annotation(TRIANGLE, bbox=[0, 0, 10, 8])])
    found = load_dataset(path, format="coco").samples[0].target
    assert (found.xyxy, found.polygons) == (((0, 0, 10, 8),), ())


def test_the_task_decides_how_a_file_is_read(tmp_path):
    path = write_coco(tmp_path / "annotations/instances_train.json", [annotation(TRIANGLE)])
    for place in (path, tmp_path):
        assert detect_format(place, Polygons) == "coco_instances"
        assert detect_format(place) == detect_format(place, Mask) == "coco_masks"
        assert detect_format(place, Boxes) == "coco"
    assert load_dataset(path, target=Polygons).target is Polygons
    with pytest.raises(DataError, match=r"the format 'coco_instances' has no masks; take data\.masks out"):
        load(path, masks="{name}.png")
