"""Lists of splits, as people write them."""

import pytest

from tests.data.box_sets import told, write_voc
from visionft.data.dataset import load_dataset
from visionft.data.splits import SPLITS

NAMES = ("a", "my image 1", "img.v2", "sub/b", "other/b")
CAT = [("cat", (1, 1, 5, 5))]


def splits(dataset):
    return [{sample.image.parent.name[:5] + "/" + sample.image.stem for sample in dataset.split(one)} for one in SPLITS]


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '"{}"',
        "'{}'",
        "  {}\t",
        "{}.jpg",
        "{}.png",
        "{}.xml",
        "JPEGImages/{}.png",
        "./{}",
        "C:\\set\\{}.png",
        "{} 1",
        "{}  -1",
    ],
)
def test_lines_of_lists(tmp_path, line):
    write_voc(tmp_path, dict.fromkeys(NAMES, CAT))
    lists = tmp_path / "ImageSets/Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("\ufeff" + "".join(f"{line.format(name)}\r\n" for name in NAMES[:3]), "utf-8")
    (lists / "val.txt").write_text("".join(f"{line.format(name)}\n" for name in NAMES[3:4]))
    (lists / "test.txt").write_text("".join(f"{line.format(name)}\n" for name in NAMES[4:]))
    dataset = load_dataset(tmp_path)
    found = [
        {sample.id.removeprefix("JPEGImages/").removesuffix(".png") for sample in dataset.split(one)} for one in SPLITS
    ]
    assert found == [set(NAMES[:3]), {"sub/b"}, {"other/b"}]
    assert not [line for line in told(dataset) if "list" in line]


@pytest.mark.parametrize(
    "place",
    [
        "ImageSets/Main/{}.txt",
        "ImageSets/{}.txt",
        "ImageSets/Segmentation/{}.txt",
        "{}.txt",
        "ImageSets/Main/{}_list.txt",
    ],
)
@pytest.mark.parametrize("validation", ["val", "valid", "Validation", "dev"])
def test_places_and_names_of_lists(tmp_path, place, validation):
    write_voc(tmp_path, dict.fromkeys("abc", CAT))
    for name, stem in (("train", "a\nb\n"), (validation, "c\n")):
        file = tmp_path / place.format(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(stem)
    assert [len(part) for part in splits(load_dataset(tmp_path))] == [2, 1, 0]


def test_lists_of_classes_alone(tmp_path):
    write_voc(tmp_path, {"a": CAT, "b": [("dog", (1, 1, 5, 5))], "c": CAT})
    lists = tmp_path / "ImageSets/Main"
    lists.mkdir(parents=True)
    for name, flags in (("cat", (" 1", "-1", " 1")), ("dog", ("-1", " 1", "-1"))):
        (lists / f"{name}_train.txt").write_text(f"a {flags[0]}\nb {flags[1]}\n")
        (lists / f"{name}_val.txt").write_text(f"c {flags[2]}\n")
        (lists / f"{name}_trainval.txt").write_text(f"a {flags[0]}\nb {flags[1]}\nc {flags[2]}\n")
    assert [len(part) for part in splits(load_dataset(tmp_path))] == [2, 1, 0]


def test_lists_called_like_no_split_are_told(tmp_path):
    write_voc(tmp_path, dict.fromkeys("abcd", CAT), {"fold1": ["a", "b"], "default": ["a", "b", "c", "d"]})
    lines = [line for line in told(load_dataset(tmp_path, val_fraction=0.5)) if "called like no split" in line]
    assert len(lines) == 1
    assert "fold1.txt; name them train.txt, val.txt, test.txt" in lines[0]
    assert "default" not in lines[0]
    (tmp_path / "ImageSets/Main/fold1.txt").rename(tmp_path / "ImageSets/Main/val.txt")  # as advised
    (tmp_path / "ImageSets/Main/train.txt").write_text("c\nd\n")
    assert [len(part) for part in splits(load_dataset(tmp_path))] == [2, 2, 0]
