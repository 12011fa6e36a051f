"""Which files are read together, which splits they are, and what is said of those that are not read."""

import json

import pytest

from tests.data.box_sets import told, write_coco
from tests.data.folders import write_image
from visionft.data.dataset import load_dataset
from visionft.data.formats.coco.boxes import CocoBoxes
from visionft.data.formats.coco.find import coco_files, find_files
from visionft.data.formats.coco.names import split_of_file, words_of
from visionft.data.formats.coco.sniff import coco_kind
from visionft.data.formats.detect import detect_format
from visionft.data.listing import LabelOptions
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError

BOX = [(1, 3, [0, 0, 5, 5])]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("instances_train2017.json", "train"),
        ("instances_Validation.json", "val"),
        ("valid.json", "val"),
        ("test/_annotations.coco.json", "test"),
        ("train/annotations/a.json", "train"),
        ("annotations/dev/a.json", "val"),
        ("my_test_project_train.json", "train"),
        ("my_test_project_val.json", "val"),
        ("lvis_v1_val.json", "val"),
        ("image_info_test-dev2017.json", "test"),
        ("instances_train_val.json", None),
        ("trainval.json", None),
        ("annotations.json", None),
        ("labels.json", None),
    ],
)
def test_splits_by_names_of_files_and_folders(tmp_path, name, split):
    assert split_of_file(tmp_path / "set" / name) == split


def test_folders_of_pictures_by_names_of_files(tmp_path):
    assert words_of(tmp_path / "instances_default.json") == ["default"]
    assert words_of(tmp_path / "instances_my.set.json") == ["my.set"]
    assert words_of(tmp_path / "lvis_v1_train.json") == ["lvis_v1_train", "train"]


@pytest.mark.parametrize(
    ("files", "read"),
    [
        (["instances_a.json", "other.json"], ["instances_a.json"]),
        (["train.json", "val.json", "all.json"], ["train.json", "val.json"]),
        (["part_1.json", "part_2.json"], ["part_1.json", "part_2.json"]),
        (["annotations/train.json", "annotations/val.json"], ["annotations/train.json", "annotations/val.json"]),
        (["coco/annotations/instances_val2017.json"], ["coco/annotations/instances_val2017.json"]),
        (
            ["train/annotations/a.json", "test/annotations/a.json"],
            ["test/annotations/a.json", "train/annotations/a.json"],
        ),
        (["job_1/annotations/instances_default.json", "job_2/a.json"],) * 2,
    ],
)
def test_files_that_are_read_together(tmp_path, files, read):
    for file in files:
        write_coco(tmp_path / file, BOX)
    (tmp_path / "dataset_info.json").write_text('{"version": 1}')
    assert [file.relative_to(tmp_path).as_posix() for file in find_files(tmp_path).files] == read
    assert detect_format(tmp_path) == "coco"


def test_what_is_not_read_is_told(tmp_path):
    for name in ("train.json", "val.json", "all.json"):
        write_coco(tmp_path / name, BOX)
    (tmp_path / "test.json").write_text('{"images": [{"id": 1, "file_name": "1.png"}], "categories": []}')
    write_coco(tmp_path / "job/instances_val.json", BOX)
    write_coco(tmp_path / "job/keypoints_val.json", BOX)
    lines = told(find_files(tmp_path))
    assert any("and not the files beside them: job/keypoints_val.json" in line for line in lines)
    assert any(
        "no split like train.json, val.json, job/instances_val.json, so not read: all.json" in line for line in lines
    )
    assert any("are not read: test.json" in line for line in lines)


def test_a_file_without_annotations_is_left_out_beside_others(tmp_path):
    write_coco(tmp_path / "train/a.json", BOX)
    empty = write_coco(tmp_path / "test/a.json", [])
    listing = CocoBoxes().read(tmp_path)
    assert [entry.id for entry in listing.entries] == ["train/1.png"]
    assert f"{empty}: has no annotations, so nothing tells what its 1 images show; left out" in told(listing)


OTHERS = {
    "labelme": {"version": "5.0", "shapes": [{"label": "cat", "points": [[0, 0], [1, 1]]}], "imagePath": "1.png"},
    "VIA": {"1.png100": {"filename": "1.png", "size": 100, "regions": []}},
    "CreateML": [{"image": "1.png", "annotations": [{"label": "cat", "coordinates": {}}]}],
    "Label Studio": [{"id": 1, "annotations": [{"result": []}], "data": {"image": "1.png"}}],
    "results of COCO": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 0.5}],
    "Datumaro": {"info": {}, "categories": {"label": {"labels": []}}, "items": [{"id": "1", "annotations": []}]},
    "labels": {"images": ["1.png"], "labels": ["cat"]},
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_other_files_are_not_taken_for_coco(tmp_path, content):
    write_image(tmp_path / "1.png", 1)
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert coco_files(tmp_path) == []
    with pytest.raises(DataError, match=r"no COCO file among a.json"):
        CocoBoxes().read(tmp_path)


ONE = {"id": 1, "image_id": 1, "category_id": 1}


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (
            ONE | {"segments_info": [{"id": 3, "category_id": 1}], "file_name": "1.png"},
            "are panoptic segments.*mask of class",
        ),
        (ONE | {"caption": "a cat"}, "are captions"),
        (
            ONE | {"keypoints": [1, 2, 2], "num_keypoints": 1},
            "are keypoints without boxes.*give each annotation a bbox",
        ),
        (ONE, 'are categories of whole images.*CSV with the columns "path,labels"'),
    ],
)
def test_files_that_are_not_about_objects_say_what_they_are_about(tmp_path, annotation, message):
    path = write_coco(tmp_path / "a/other.json", [annotation])
    with pytest.raises(DataError, match=message):
        CocoBoxes().read(path)
    write_coco(tmp_path / "a/instances.json", BOX)
    with pytest.raises(DataError, match=r"give instances.json instead, which has objects"):
        CocoBoxes().read(path)
    assert len(CocoBoxes().read(tmp_path / "a").entries) == 1


def outlined(number, segmentation, box=(0, 0, 6, 6)):
    return {"id": number, "image_id": 1, "category_id": 3, "bbox": list(box), "segmentation": segmentation}


@pytest.mark.parametrize(
    ("segmentations", "kind"),
    [
        ([[[]]] * 2, "coco"),
        ([[0, 0, 6, 6]] * 2, "coco"),
        ([[[0.0, 0.0, 6.0, 6.0]]] * 2, "coco"),
        (["", {"size": [10, 12], "counts": []}], "coco"),
        ([[[0, 0, 6, 0, 6, 6]], [], [], []], "coco"),  # most have none
        ([[[0, 0, 6, 0, 6, 6]], []], "coco_masks"),
        ([[0, 0, 6, 0, 6, 6]] * 2, "coco_masks"),
        ([[[0, 0], [6, 0], [6, 6]]] * 2, "coco_masks"),
        ([[{"x": 0, "y": 0}, {"x": 6, "y": 0}, {"x": 6, "y": 6}]] * 2, "coco_masks"),
        ([[{"size": [10, 12], "counts": "61X13mN000`0"}]] * 2, "coco_masks"),
    ],
)
def test_boxes_alone_suggest_detection(tmp_path, segmentations, kind):
    path = write_coco(tmp_path / "a.json", [outlined(at, one) for at, one in enumerate(segmentations)])
    assert coco_kind([path]) == kind
    path.write_text(json.dumps(json.loads(path.read_text()), indent=1))
    assert detect_format(path) == detect_format(tmp_path) == kind
    assert detect_format(path, Boxes) == "coco"


ROBOFLOW = [
    {"id": 0, "name": "pets", "supercategory": "none"},
    {"id": 1, "name": "cat", "supercategory": "pets"},
    {"id": 2, "name": "dog", "supercategory": "pets"},
]


def test_a_root_category_without_objects_is_no_class(tmp_path):
    path = write_coco(tmp_path / "a.json", [(1, 1, [0, 0, 5, 5])], categories=ROBOFLOW)
    dataset = load_dataset(path, format="coco")
    assert (dataset.class_names, dataset.samples[0].target.labels) == (("cat", "dog"), (0,))
    assert any("'pets' is left out" in line for line in told(dataset))
    assert load_dataset(path, format="coco", classes=("pets", "cat")).class_names == ("pets", "cat")


@pytest.mark.parametrize(
    ("number", "categories"),
    [
        (0, ROBOFLOW),  # an object has it
        (1, [ROBOFLOW[0], *({**one, "supercategory": ""} for one in ROBOFLOW[1:])]),
        (1, [*ROBOFLOW, {"id": 3, "name": "car", "supercategory": "things"}]),
    ],
)
def test_a_category_that_may_be_one_stays(tmp_path, number, categories):
    path = write_coco(tmp_path / "a.json", [(1, number, [0, 0, 5, 5])], categories=categories)
    assert load_dataset(path, format="coco").class_names[0] == "pets"


def test_files_that_number_the_same_categories_differently_are_matched_by_name(tmp_path):
    write_coco(tmp_path / "train/a.json", [(1, 1, [0, 0, 5, 5]), (1, 2, [1, 1, 5, 5])], categories=ROBOFLOW[1:])
    other = [{"id": 1, "name": "dog"}]
    write_coco(tmp_path / "val/a.json", [(1, 1, [0, 0, 5, 5])], categories=other)
    dataset = load_dataset(tmp_path, format="coco")
    assert dataset.class_names == ("cat", "dog")
    assert [sample.target.labels for sample in dataset.samples] == [(0, 1), (1,)]
    assert any("matched by name" in line for line in told(dataset))
    with pytest.raises(DataError, match="category 1 is 'dog' here and 'cat' in another file"):
        load_dataset(tmp_path, format="coco", options=LabelOptions(ignore=(1,)))
