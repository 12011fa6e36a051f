import json

import pytest

from tests.data.folders import write_image
from visionft.data.formats.detect import detect_format
from visionft.data.formats.label_sets.folder import LabelFolder, find_label_files
from visionft.data.listing import LabelOptions
from visionft.data.targets.label_set import LabelSet
from visionft.errors import DataError

EXPECTED = [("1.png", ("cat", "dog")), ("2.png", ("dog",)), ("3.png", ())]


@pytest.fixture
def folder(tmp_path):
    for number in (1, 2, 3):
        write_image(tmp_path / f"{number}.png", number)
    return tmp_path


def rows(listing):
    return [(entry.id, entry.target.names) for entry in listing.entries]


def told(listing):
    return [str(problem) for problem in listing.problems]


FORMS = {
    "lists.json": {"1.png": ["cat", "dog"], "2.png": ["dog", "dog"], "3.png": []},
    "null.json": {"1.png": ["cat", "dog"], "2.png": "dog", "3.png": None},
    "texts.json": {"1.png": "cat|dog", "2.png": "dog", "3.png": ""},
    "records.json": [
        {"image": "1.png", "labels": ["cat", "dog"]},
        {"image": "2.png", "labels": ["dog"], "note": 1},
        {"image": "3.png", "labels": []},
    ],
    "others.json": [
        {"file_name": "1.png", "tags": "cat, dog"},
        {"file_name": "2.png", "tags": "dog"},
        {"file_name": "3.png", "tags": None},
    ],
    "spaces.txt": "1.png cat dog\n2.png dog\n3.png\n",
    "commas.txt": "1.png,cat,dog\n2.png,dog\n\n3.png,\n",
    "colons.txt": "# a comment\n1.png: cat, dog\n2.png: dog\n3.png:\n",
    "tabs.txt": "1.png\tcat|dog\n2.png\tdog\n3.png\t\n",
}


@pytest.mark.parametrize("name", FORMS)
def test_what_a_file_may_look_like(folder, name):
    form = FORMS[name]
    (folder / name).write_text(form if isinstance(form, str) else json.dumps(form))
    assert find_label_files(folder) == [folder / name]
    for path in (folder, folder / name):
        assert detect_format(path, LabelSet) == "label_file"
        listing = LabelFolder().read(path)
        assert rows(listing) == EXPECTED
        assert listing.class_names == ("cat", "dog")


def test_what_separates_labels_is_told(folder):
    (folder / "labels.txt").write_text("1.png cat;dog\n2.png traffic light\n")
    listing = LabelFolder().read(folder)
    assert rows(listing)[1] == ("2.png", ("traffic light",))
    assert told(listing)[0] == f"{folder}/labels.txt: labels are separated by ';'"
    (folder / "labels.txt").write_text("1.png traffic light\n2.png cat\n")
    assert rows(LabelFolder(LabelOptions(separator="|")).read(folder))[0] == ("1.png", ("traffic light",))


def test_images_lie_anywhere_below_and_are_named_by_path_or_name(folder):
    write_image(folder / "images/train/a.png", 4)
    write_image(folder / "images/val/b c.png", 5)
    labels = {"images/train/a.png": ["cat"], "b c.png": ["dog"], "./1.png": ["cat"], "absent.png": ["dog"]}
    (folder / "labels.json").write_text(json.dumps(labels))
    listing = LabelFolder().read(folder)
    assert [(entry.id, entry.split) for entry in listing.entries] == [
        ("images/train/a.png", "train"),
        ("images/val/b c.png", "val"),
        ("1.png", None),
        ("absent.png", None),
    ]
    assert told(listing) == [f"{folder}: 2 images are not in labels.json; left out: 2.png, 3.png"]


def test_a_name_that_several_images_have_is_told(folder):
    write_image(folder / "x/a.png", 4)
    write_image(folder / "y/a.png", 5)
    (folder / "labels.json").write_text(json.dumps({"a.png": ["cat"], "1.png": ["cat"]}))
    assert any("1 name fits several images; give paths: a.png" in line for line in told(LabelFolder().read(folder)))


def test_splits_of_records(folder):
    records = [{"image": "1.png", "labels": ["a"], "split": "Valid"}, {"image": "2.png", "labels": ["a"]}]
    (folder / "labels.json").write_text(json.dumps(records))
    assert [entry.split for entry in LabelFolder().read(folder).entries] == ["val", None]
    records[0]["split"] = "soon"
    (folder / "labels.json").write_text(json.dumps(records))
    with pytest.raises(DataError, match=r"record 0: split 'soon' is not known"):
        LabelFolder().read(folder)


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("labels.json", '{"1.png": [["a"]], "2.png": ["a"]}', r"1.png: the labels are \[\['a'\]\]; a list of names"),
        ("labels.json", '[{"labels": ["a"]}, {"image": "1.png"}, 3]', r"record 0: names no image"),
        ("labels.json", '[{"image": "1.png"}]', r"record 0: 1.png has no labels; allowed keys are labels, label"),
        ("labels.json", '"cat"', r"holds 'cat'; allowed are"),
        ("labels.json", '{"1.png": ["a"', "is not JSON"),
        ("labels.txt", "1.png cat\ncat dog\n", r"labels.txt:2: 'cat dog' does not begin with the name of an image"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_place(folder, name, text, part):
    (folder / name).write_text(text)
    with pytest.raises(DataError, match=part):
        LabelFolder().read(folder / name)


@pytest.mark.parametrize("files", [{}, {"readme.txt": "hello\n"}, {"classes.txt": "cat\ndog\n"}, {"x.json": "{}"}])
def test_other_files_are_no_labels(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text)
    assert find_label_files(folder) == []
    with pytest.raises(DataError, match="holds no file of labels"):
        LabelFolder().read(folder)


def test_two_files_of_labels_leave_a_doubt(folder):
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("1.png cat\n")
    with pytest.raises(DataError, match=r"holds 2 files of labels: a.txt, b.txt"):
        LabelFolder().read(folder)


def test_a_path_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        LabelFolder().read(tmp_path / "absent")


def test_a_folder_of_classes_stays_one_where_nobody_wants_several_labels(folder):
    write_image(folder / "cat/a.png", 1)
    (folder / "train.txt").write_text("cat/a.png 0\n")
    assert detect_format(folder) == "folder"


def test_images_and_a_file_of_labels_are_enough_where_nothing_else_can_be_made_of_them(folder):
    (folder / "labels.txt").write_text("1.png cat\n2.png dog cat\n3.png dog\n")
    assert detect_format(folder) == "label_file"
    (folder / "labels.txt").write_text("7.png cat\n8.png dog cat\n9.png dog\n")
    assert detect_format(folder) == "folder"
