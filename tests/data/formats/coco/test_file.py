import pytest

from tests.data.coco_sets import image, write_json
from tests.data.folders import write_image
from visionft.data.dataset import load_dataset
from visionft.data.formats.coco.masks import CocoMasks
from visionft.data.listing import LabelOptions
from visionft.errors import DataError


def read(path):
    return CocoMasks(LabelOptions()).read(path)


@pytest.mark.parametrize(
    ("json_at", "image_at", "file_name"),
    [
        ("a.json", "1.png", "1.png"),
        ("a.json", "images/1.png", "1.png"),
        ("a.json", "sub/1.png", "sub\\1.png"),
        ("a.json", "images/1.png", "/home/author/pictures/1.png"),
        ("a.json", "images/1.png", "C:\\pictures\\1.png"),
        ("annotations/a.json", "images/1.png", "1.png"),
        ("annotations/instances_val2017.json", "val2017/1.png", "1.png"),
        ("annotations/instances_val2017.json", "images/val2017/1.png", "coco/1.png"),
    ],
)
def test_where_images_are(tmp_path, json_at, image_at, file_name):
    write_image(tmp_path / image_at, 1)
    path = write_json(tmp_path / json_at, [image(1, file_name)])
    assert read(path).entries[0].image == tmp_path / image_at


@pytest.mark.parametrize(
    "files",
    [
        {"annotations/instances_train2017.json": "train2017", "annotations/instances_val2017.json": "val2017"},
        {"train/_annotations.coco.json": "train", "valid/_annotations.coco.json": "valid"},
        {"train.json": "images", "val.json": "images"},
    ],
)
def test_several_files_are_splits(tmp_path, files):
    for number, (name, folder) in enumerate(files.items()):
        write_image(tmp_path / folder / f"{number}.png", number)
        write_json(tmp_path / name, [image(1, f"{number}.png")])
    (tmp_path / "annotations").mkdir(exist_ok=True)
    if "annotations/instances_train2017.json" in files:
        (tmp_path / "annotations/captions_train2017.json").write_text("{}")
    entries = read(tmp_path).entries
    assert [(entry.image.name, entry.split) for entry in entries] == [("0.png", "train"), ("1.png", "val")]
    assert all(entry.image.is_file() for entry in entries)
    assert entries[0].id == f"{next(iter(files.values()))}/0.png"


def test_images_that_two_files_list_count_once(tmp_path):
    write_image(tmp_path / "1.png", 1)
    for name in ("train.json", "val.json"):
        write_json(tmp_path / name, [image(1, "1.png")])
    listing = read(tmp_path)
    assert [entry.split for entry in listing.entries] == ["train"]
    assert list(map(str, listing.problems)) == [
        f"{tmp_path}/val.json: 1 image is listed again, in another split; the first time counts: 1.png"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("\xff", "is not JSON"),
        ("[]", "has no list 'images'; a COCO file has images, annotations and categories"),
    ],
)
def test_files_that_are_not_coco_are_told(tmp_path, text, message):
    (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=message):
        read(tmp_path / "a.json")


def test_paths_without_annotations_are_told(tmp_path):
    with pytest.raises(DataError, match=r"no .json file here, in annotations/ or in split folders"):
        read(tmp_path)
    with pytest.raises(DataError, match="no such file or folder"):
        read(tmp_path / "absent")
    with pytest.raises(DataError, match="no path to the annotations"):
        read(None)


def test_missing_pictures_say_where_they_were_looked_for(tmp_path):
    write_image(tmp_path / "1.png", 1)
    path = write_json(tmp_path / "a/set.json", [image(1, "1.png"), image(2, "2.png")])
    (tmp_path / "images").mkdir()
    folders = f"{tmp_path}/a, {tmp_path}, {tmp_path}/images"
    told = [str(problem) for problem in read(path).problems]
    assert told == [
        f"{path}: 1 picture is in none of the folders {folders}: 2.png; data.images may name their folder, relative "
        "to the JSON file"
    ]


def test_the_user_may_name_the_folder_of_the_pictures(tmp_path):
    write_image(tmp_path / "1.png", 1)
    write_image(tmp_path / "pictures/jpg/1.png", 2)
    path = write_json(tmp_path / "labels/a.json", [image(1, "1.png")])
    options = LabelOptions(images="../pictures/jpg")
    assert CocoMasks(options).read(path).entries[0].image == tmp_path / "pictures/jpg/1.png"
    (sample,) = load_dataset(path, options=options).samples
    assert sample.image == tmp_path / "pictures/jpg/1.png"


@pytest.mark.parametrize("name", ["../secret.png", "sub/../../secret.png", "..\\secret.png", "{root}/secret.png"])
def test_paths_that_leave_the_folders_are_not_followed(tmp_path, name):
    write_image(tmp_path / "out/secret.png", 1)
    name = name.format(root=tmp_path / "out")
    path = write_json(tmp_path / "out/set/here/a.json", [image(1, name)])
    (entry,) = CocoMasks(LabelOptions(images=".")).read(path).entries
    assert entry.image == path.parent / "secret.png"


def test_categories_of_one_name_are_one_class_and_told(tmp_path):
    write_image(tmp_path / "1.png", 1)
    categories = [{"id": 1, "name": "cat"}, {"id": 7, "name": " cat"}, {"id": 8, "name": "dog"}]
    found = read(write_json(tmp_path / "set.json", [image(1, "1.png")], categories=categories))
    assert [problem.what for problem in found.problems if "one class" in problem.what] == [
        "categories 1, 7 are all called 'cat' and are one class; rename them where they are not"
    ]
