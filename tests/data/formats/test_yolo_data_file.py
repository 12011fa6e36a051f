"""What ``data.yaml`` and ``obj.data`` say, however people write it."""

import pytest

from tests.data.box_sets import told, write_yolo
from visionft.data.dataset import load_dataset
from visionft.data.formats.yolo.file import is_data_file, read_data_file
from visionft.data.splits import SPLITS

LABELS = {"train/a": "0 0.5 0.5 0.5 0.4\n", "train/b": "1 0.5 0.5 0.5 0.4\n", "val/c": "1 0.5 0.5 0.5 0.4\n"}
TRAIN, NAMES = "train: images/train\n", "names: [cat, dog]\n"


def counts(dataset):
    return [len(dataset.split(split)) for split in SPLITS]


@pytest.mark.parametrize(
    "split",
    [
        "val: images/val",
        "valid: images/val",
        "validation: images/val",
        "dev: images/val",
        "Val: images/val",
        "val: images/VAL",
        "val: images/val/*.png",
        "val: ../images/va?",
        "val: [images/val, images/val]",
        "val: images/val/c.png",
    ],
)
def test_every_way_to_state_a_split(tmp_path, split):
    dataset = load_dataset(write_yolo(tmp_path, LABELS, f"{TRAIN}{split}\n{NAMES}"))
    assert counts(dataset) == [2, 1, 0]
    assert any("letter case" in line for line in told(dataset)) == ("VAL" in split)
    assert not any("data.yaml" in line for line in told(dataset) if "letter case" not in line)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("vla: images/val", "keys that are not understood: vla; images are named by train, val and test"),
        ("val: images/vla", "val: images/vla: no such folder or list; left out"),
        ("val: images/v*la", "val: images/v*la: no such folder or list; left out"),
        ("val: empty", "val: empty: holds no images"),
        ("val: images/train", "val: names the images of another split, and no others"),
    ],
)
def test_a_stated_split_is_not_lost_without_a_word(tmp_path, line, words):
    (tmp_path / "empty").mkdir()
    dataset = load_dataset(write_yolo(tmp_path, LABELS, f"{TRAIN}{line}\n{NAMES}"), val_fraction=0.5)
    assert any(words in one for one in told(dataset))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("names: [no, yes]", ("no", "yes")),
        ("names: {0: on, 1: off}", ("on", "off")),
        ("names: [1.10, 010]", ("1.10", "010")),
        ("names: {'0': cat, '1': dog}", ("cat", "dog")),
        ("names: {1: dog, 0: cat}", ("cat", "dog")),
        ("names: {cat: 0, dog: 1}", ("cat", "dog")),
        ("names: {dog: 1, cat: 0}", ("cat", "dog")),
        ("names: cat, dog", ("cat", "dog")),
        ("names: obj.names", ("cat", "a dog")),
        ("nc: '2'\nnames: [cat, dog]", ("cat", "dog")),
        ("nc: 2.0", ("class 0", "class 1")),
        ("nc: 2", ("class 0", "class 1")),
    ],
)
def test_every_way_to_name_the_classes(tmp_path, names, expected):
    write_yolo(tmp_path, LABELS, f"{TRAIN}{names}\n")
    (tmp_path / "obj.names").write_text("cat\na dog\n\n")
    said = read_data_file(tmp_path / "data.yaml")
    assert tuple(said.names.values()) == expected
    assert load_dataset(tmp_path, val_fraction=0.5).class_names == expected


@pytest.mark.parametrize(
    ("encoding", "name", "guess"),
    [("latin-1", "rosé", "Windows-1252"), ("gbk", "红", "GBK"), ("utf-8-sig", "rosé", "")],
)
def test_encodings_are_found_and_guesses_told(tmp_path, encoding, name, guess):
    (tmp_path / "data.yaml").write_bytes(f"{TRAIN}names: [{name}, dog]\r\n".encode(encoding))
    said = read_data_file(tmp_path / "data.yaml")
    assert (said.names[0], said.told) == (name, (f"is not UTF-8; read as {guess}",) if guess else ())


def test_key_points_are_stated_denied_or_left_open(tmp_path):
    found = []
    for text in ("kpt_shape: [5, 3]", "kpt_shape: null", "nc: 2"):
        (tmp_path / "data.yaml").write_text(f"{TRAIN}{NAMES}{text}\n")
        found.append(read_data_file(tmp_path / "data.yaml").keypoints)
    assert found == [True, False, None]


def write_darknet(root, data="classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\n"):
    write_yolo(root, LABELS, None)
    (root / "train.txt").write_text("data/images/train/a.png\ndata/images/train/b.png\n")
    (root / "valid.txt").write_text("data/images/val/c.png\n")
    (root / "obj.names").write_text("cat\ndog\n")
    (root / "obj.data").write_text(data)
    return root


def test_the_data_file_of_darknet(tmp_path):
    write_darknet(tmp_path)
    for path in (tmp_path, tmp_path / "obj.data"):
        dataset = load_dataset(path)
        assert (counts(dataset), dataset.class_names) == ([2, 1, 0], ("cat", "dog"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            "classes = 2\ntrain = train.txt\nvalid = gone.txt\nnames = obj.names\n",
            "val: gone.txt: no such folder or list",
        ),
        (
            "classes = 2\ntrain = train.txt\nvaldi = valid.txt\nnames = obj.names\n",
            "keys that are not understood: valdi",
        ),
        ("classes = 2\ntrain = train.txt\nvalid = valid.txt\nnames = gone.names\n", "names: gone.names: no such file"),
        ("classes = 3\ntrain = train.txt\nvalid = valid.txt\nnames = obj.names\n", "nc says 3 classes, names has 2"),
    ],
)
def test_what_darknet_names_and_is_not_there_is_told(tmp_path, data, words):
    dataset = load_dataset(write_darknet(tmp_path, data), val_fraction=0.5)
    assert any(words in line for line in told(dataset))


@pytest.mark.parametrize("text", ["", "x = 1\n", "\0\0", "train = a\n"])
def test_other_files_of_that_name_are_none(tmp_path, text):
    (tmp_path / "obj.data").write_text(text)
    assert not is_data_file(tmp_path / "obj.data")
