import os

import pytest

from tests.data.folders import make_folder, write_image
from tests.data.zoo.files import pictures
from visionft.data.formats.folder import Folder
from visionft.errors import DataError


def read(root):
    return Folder().read(root)


def problems(listing):
    return "\n".join(map(str, listing.problems))


def test_a_folder_per_class(tmp_path):
    listing = read(make_folder(tmp_path, {"10": 1, "9": 2}))
    assert listing.class_names == ("9", "10")
    assert [(entry.id, entry.target.name, entry.split) for entry in listing.entries] == [
        ("10/0.png", "10", None),
        ("9/0.png", "9", None),
        ("9/1.png", "9", None),
    ]
    assert listing.entries[0].image == tmp_path / "10/0.png"
    assert (listing.name, listing.problems) == (tmp_path.name, ())


@pytest.mark.parametrize(
    ("folder", "split"), [("val", "val"), ("valid", "val"), ("Validation", "val"), ("test", "test")]
)
def test_given_splits(tmp_path, folder, split):
    listing = read(make_folder(tmp_path, {"train/a": 1, "train/b": 1, f"{folder}/a": 1}))
    assert {entry.id: (entry.target.name, entry.split) for entry in listing.entries} == {
        "train/a/0.png": ("a", "train"),
        "train/b/0.png": ("b", "train"),
        f"{folder}/a/0.png": ("a", split),
    }


def test_deeper_folders_belong_to_their_class(tmp_path):
    listing = read(make_folder(tmp_path, {"a/indoor/day": 1, "a": 1, "b": 1}))
    assert {entry.id: entry.target.name for entry in listing.entries} == {
        "a/0.png": "a",
        "a/indoor/day/0.png": "a",
        "b/0.png": "b",
    }


def test_a_class_may_be_called_train(tmp_path):
    listing = read(make_folder(tmp_path, {"train": 2, "bus": 1}))
    assert listing.class_names == ("bus", "train")
    assert {entry.split for entry in listing.entries} == {None}


def test_split_folders_without_classes_are_told(tmp_path):
    with pytest.raises(DataError, match=r"split folders test, train hold no class folders.*path,label,split"):
        read(make_folder(tmp_path, {"train": 2, "test": 1}))


def test_images_without_class_folders_are_told(tmp_path):
    write_image(tmp_path / "a.png", 0)
    with pytest.raises(DataError, match="holds 1 images but no class folders; make a folder per class"):
        read(tmp_path)


def test_a_missing_folder_and_no_folder(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read(tmp_path / "absent")
    with pytest.raises(DataError, match="None: no such folder"):
        read(None)


def test_what_is_ignored_is_told_but_not_junk(tmp_path):
    make_folder(tmp_path, {"a": 1, "b": 1, "empty": 0, "notes": 0, ".git/c": 1})
    for junk in (".DS_Store", "a/Thumbs.db", "a/.hidden.png"):
        (tmp_path / junk).write_text("x")
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "a/labels.txt").write_text("x")
    (tmp_path / "notes/todo.txt").write_text("x")
    write_image(tmp_path / "loose.png", 99)
    listing = read(tmp_path)
    assert listing.class_names == ("a", "b")
    assert sorted(map(str, listing.problems)) == [
        f"{tmp_path}/a: 1 file without the ending of an image; ignored: labels.txt",
        f"{tmp_path}/empty: the class folder holds no images",
        f"{tmp_path}/notes: the class folder holds no images, only todo.txt",
        f"{tmp_path}: 1 image beside the class folders without a class; ignored: loose.png",
        f"{tmp_path}: 1 is hidden, or left by a system or tool, such as thumbnails; ignored: a/.hidden.png",
    ]


def test_folders_and_images_beside_splits_are_told(tmp_path):
    make_folder(tmp_path, {"train/a": 1, "train/b": 1, "extra": 1})
    write_image(tmp_path / "train/loose.png", 99)
    listing = read(tmp_path)
    assert len(listing.entries) == 2
    assert f"{tmp_path}/extra: lies beside the split folder train; ignored, with its 1 images" in problems(listing)
    assert f"{tmp_path}/train: 1 image beside the class folders" in problems(listing)


def test_upper_case_extensions_are_images(tmp_path):
    write_image(tmp_path / "a/1.PNG", 0)
    write_image(tmp_path / "b/1.JPG", 1)
    assert len(read(tmp_path).entries) == 2


def test_links_are_followed_but_not_in_circles(tmp_path):
    elsewhere = make_folder(tmp_path / "elsewhere", {"pictures": 2})
    root = make_folder(tmp_path / "root", {"a": 1})
    (root / "b").symlink_to(elsewhere / "pictures")
    (root / "a/again").symlink_to(root / "a")
    listing = read(root)
    assert [entry.id for entry in listing.entries] == ["a/0.png", "b/0.png", "b/1.png"]
    assert problems(listing) == f"{root}/a/again: is a link to a folder that it lies in; not followed"


def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    make_folder(tmp_path, {"a": 1, "b": 1, "secret": 1})
    scandir = os.scandir

    def guarded(folder):
        if folder == tmp_path / "secret":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    listing = read(tmp_path)
    assert listing.class_names == ("a", "b")
    assert f"{tmp_path}/secret: the folder cannot be read (Permission denied)" in problems(listing)
    with pytest.raises(DataError, match="secret: the folder cannot be read"):
        read(tmp_path / "secret")


@pytest.mark.parametrize("above", ["images", "a/b"])
def test_pointing_above_the_class_folders_is_understood(tmp_path, above):
    listing = read(make_folder(tmp_path, {f"{above}/cat": 2, f"{above}/dog": 1}))
    assert listing.class_names == ("cat", "dog")
    assert [entry.id for entry in listing.entries] == ["cat/0.png", "cat/1.png", "dog/0.png"]
    assert (listing.name, listing.source) == (tmp_path.name, str(tmp_path / above))


def test_a_single_class_folder_is_not_gone_into(tmp_path):
    assert read(make_folder(tmp_path, {"cat": 2})).class_names == ("cat",)


def test_given_splits_below_are_found(tmp_path):
    listing = read(make_folder(tmp_path, {"data/train/a": 1, "data/test/a": 1}))
    assert {entry.split for entry in listing.entries} == {"train", "test"}


def test_a_single_split_folder_is_a_split(tmp_path):
    assert {entry.split for entry in read(make_folder(tmp_path, {"train/a": 1, "train/b": 1})).entries} == {"train"}


def test_folders_in_classes_are_told(tmp_path):
    for name in ("cat/persian", "cat/siam", "dog/pug"):
        pictures(tmp_path / name, 2)
    (told,) = Folder().read(tmp_path).problems
    assert "cat/persian, cat/siam are of the class" in told.what
