import json

import pytest

from tests.data.box_sets import told, write_coco
from visionft.annotations.marks import CROWD
from visionft.data.dataset import load_dataset
from visionft.data.formats.coco.boxes import CocoBoxes
from visionft.data.formats.coco.sniff import coco_kind
from visionft.data.formats.detect import detect_format
from visionft.data.listing import LabelOptions
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.mask import Mask
from visionft.errors import DataError, UnknownName

CAT, DOG = (1, 3, [0, 0, 6, 6]), (1, 7, [2, 1, 10, 3])


def load(path, **options):
    return load_dataset(path, format="coco", options=LabelOptions(**options))


def boxes(path, **options):
    return load(path, **options).samples[0].target


@pytest.fixture
def file(tmp_path):
    return write_coco(tmp_path / "instances.json", [DOG, CAT], images=2)


def test_boxes_become_corners_and_categories_classes_in_order_of_id(file):
    dataset = load(file)
    assert (dataset.target, dataset.class_names) == (Boxes, ("cat", "dog"))
    first, second = dataset.samples
    assert first.target == Boxes(((2, 1, 12, 4), (0, 0, 6, 6)), (1, 0), (False, False))
    assert (second.target, first.size) == (Boxes(), (12, 10))


def test_crowds_are_marked(file):
    crowd = {"id": 1, "image_id": 1, "category_id": 7, "bbox": [0, 0, 9, 9], "iscrowd": 1}
    write_coco(file, [crowd, CAT])
    assert boxes(file).crowd == (True, False)
    assert load(file).samples[0].target.class_counts == {0: 1}
    write_coco(file, [crowd | {"iscrowd": "0"}, CAT])  # as some tools write it
    assert boxes(file).crowd == (False, False)


@pytest.mark.parametrize(
    ("options", "names", "labels", "crowd"),
    [
        ({"classes": ("dog", "cat")}, ("dog", "cat"), (0, 1), (False, False)),
        ({"classes": ("dog",)}, ("dog",), (0,), (False,)),
        ({"classes": {"animal": (3, 7)}}, ("animal",), (0, 0), (False, False)),
        ({"ignore": (3,)}, ("dog",), (0, CROWD), (False, True)),
    ],
)
def test_classes_as_the_user_says(file, options, names, labels, crowd):
    dataset = load(file, **options)
    found = dataset.samples[0].target
    assert (dataset.class_names, found.labels, found.crowd) == (names, labels, crowd)


def test_what_is_not_listed_is_left_out_and_told(file):
    line = "classes: 1 of the data's are not in data.classes, and their objects are left out: cat"
    assert line in told(load(file, classes=("dog",)))
    with pytest.raises(UnknownName, match=r"data.classes: category 'dogs': no such category; close: dog"):
        load(file, classes=("dogs",))


def test_one_class_is_enough(tmp_path):
    path = write_coco(tmp_path / "a.json", [(number, 3, [0, 0, 9, 9]) for number in range(1, 31)], images=30)
    assert not [problem for problem in load(path, classes=("cat",)).problems if problem.fatal]


def test_bad_boxes_are_told_with_file_and_annotation(file):
    write_coco(
        file, [CAT, (1, 3, [4, 1, 0, 5]), (1, 99, [1, 1, 2, 2]), (1, 3, ["a", 1, 2, 2]), (1, 3, [1, 2]), (1, 3, "1234")]
    )
    dataset = load(file)
    assert len(dataset.samples[0].target) == 1
    where = f"{file}: annotation"
    assert [line for line in told(dataset) if "annotation" in line] == [
        f"{where} 2 (1.png): box [4, 1, 0, 5] has zero width; left out",
        f"{where} 3 (1.png): box [1, 1, 2, 2] is of class 99, which is not among the data's classes (3 to 7); left out",
        f"{where} 4 (1.png): box ['a', 1, 2, 2] is no list of four numbers; left out",
        f"{where} 5 (1.png): box [1, 2] is no list of four numbers; left out",
        f"{where} 6 (1.png): box '1234' is no list of four numbers; left out",
    ]


def test_bad_boxes_may_stop_the_reader(file):
    write_coco(file, [CAT, (1, 3, [4, 1, 0, 5])])
    fix = r"annotation 2 \(1.png\): box \[4, 1, 0, 5\] has zero width; fix it, or set data.on_bad_box: drop"
    with pytest.raises(DataError, match=rf"1 bad boxes\n.*{fix}"):
        load(file, on_bad_box="fail")
    write_coco(file, [CAT, CAT, (1, 3, [4, 1, 20, 5])])  # repeated, and cut off: nothing is lost
    assert len(load(file, on_bad_box="fail").samples[0].target) == 2


def test_many_boxes_with_the_same_fault_are_told_in_one_line(file):
    write_coco(file, [CAT, *((1, 3, [at, 1, 0, 5]) for at in range(9))])
    lines = [line for line in told(load(file)) if "zero width" in line]
    assert len(lines) == 1
    assert lines[0].startswith(
        f"9 boxes: each has zero width; left out: {file}: annotation 2 (1.png): box [0, 1, 0, 5]"
    )
    assert lines[0].endswith("and 6 more")


def test_ids_given_twice_are_told_and_all_count(file):
    twice = [{"id": 5, "image_id": 1, "category_id": 3, "bbox": [x, 0, 3, 3]} for x in (0, 5)]
    write_coco(file, twice)
    dataset = load(file)
    assert len(dataset.samples[0].target) == 2
    assert f"{file}: 1 ids belong to several annotations each, which all count: 5" in told(dataset)


def test_objects_without_a_box_have_the_one_around_their_polygons(file):
    bare = {"id": 1, "image_id": 1, "category_id": 3, "segmentation": [[1, 2, 5, 2, 3, 9], [8, 4, 9, 4, 9, 5]]}
    write_coco(file, [bare])
    assert boxes(file).xyxy == ((1, 2, 9, 9),)
    write_coco(file, [{key: value for key, value in bare.items() if key != "segmentation"}])
    with pytest.raises(DataError, match="categories of whole images, without a box or an outline"):
        load(file)


@pytest.mark.parametrize(
    ("degrees", "box"),
    [
        (0.0, (4, 3, 8, 5)),
        (90.0, (5, 2, 7, 6)),
        (180, (4, 3, 8, 5)),
        (-45, (6 - 4.5**0.5, 4 - 4.5**0.5, 6 + 4.5**0.5, 4 + 4.5**0.5)),
    ],
)
def test_turned_boxes_have_the_upright_box_around_them(file, degrees, box):
    turned = {"id": 8, "image_id": 1, "category_id": 3, "bbox": [4, 3, 4, 2], "attributes": {"rotation": degrees}}
    write_coco(file, [turned | {"segmentation": []}])
    assert boxes(file).xyxy[0] == pytest.approx(box)
    line = f"{file}: 1 boxes are turned (attributes.rotation), and the upright box around each counts: annotation 8"
    assert (line in told(load(file))) == bool(degrees % 180)
    outline = [[4, 3, 8, 3, 8, 5, 4, 5]]  # which is turned already
    write_coco(file, [turned | {"segmentation": outline}])
    assert boxes(file).xyxy == ((4, 3, 8, 5),)


def test_missing_pictures_are_left_out_and_told(file):
    (file.parent / "2.png").unlink()
    lines = told(load(file))
    assert any(line.startswith(f"{file}: 1 picture is in none of the folders") for line in lines)
    assert "2.png: cannot be read (No such file or directory); left out" in lines


def test_wrong_sizes_are_told(file):
    write_coco(file, [CAT], size=(24, 20))
    line = f"{file} (1.png): the size 24 x 20 pixels, the image 12 x 10, is not the image's; the boxes are taken for"
    assert any(told_line.startswith(line) for told_line in told(load(file)))


def test_files_in_split_folders_make_splits(tmp_path):
    for at, split in enumerate(("train", "valid", "test")):
        path = tmp_path / split / "_annotations.coco.json"
        write_coco(path, [(10 * at + 1, 3, [0, 0, 5, 5])], images=5, first=10 * at + 1)
    assert detect_format(tmp_path) == "coco"
    dataset = load_dataset(tmp_path)
    assert [len(dataset.split(split)) for split in ("train", "val", "test")] == [5, 5, 5]
    assert [sum(dataset.class_counts(split)) for split in ("train", "val", "test")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("segmentations", "kind"),
    [
        ((), "coco"),
        (([], None, {}), "coco"),
        (([[0, 0, 1, 0, 1, 1]],), "coco_masks"),
        (({"size": [1, 1]},), "coco_masks"),
    ],
)
def test_boxes_and_masks_are_told_apart(tmp_path, segmentations, kind):
    items = [{"id": 1, "bbox": [0, 0, 1, 1], "segmentation": one} for one in segmentations] or [{"bbox": [0, 0, 1, 1]}]
    for indent in (None, 2):
        path = tmp_path / f"{indent}.json"
        path.write_text(json.dumps({"annotations": items}, indent=indent))
        assert coco_kind([path]) == detect_format(path) == kind
        assert detect_format(path, Boxes) == "coco"
        assert detect_format(path, Mask) == "coco_masks"


def test_masks_are_not_asked_for_in_vain(file):
    with pytest.raises(DataError, match=r"the format 'coco' has no masks; take data.masks out"):
        load(file, masks="{name}.png")
    with pytest.raises(DataError, match="give a COCO JSON file"):
        CocoBoxes(LabelOptions()).read(None)
