"""The verbs that look at data of boxes: check and convert."""

import pytest

from visionft.recipe import recipe_to_yaml


@pytest.fixture
def recipe_file(objects, tmp_path):
    (tmp_path / "objects.yaml").write_text(recipe_to_yaml(objects()))
    return tmp_path / "objects.yaml"


def labels_of(folder, kind):
    """Return in how many label files a class is, and how often in all."""
    found = [sum(row.startswith(f"{kind} ") for row in file.read_text().splitlines()) for file in folder.rglob("*.txt")]
    return sum(number > 0 for number in found), sum(found)


class TestCheck:
    def test_json(self, visionft, recipe_file, box_folder):
        found = visionft("check", recipe_file, "--json").json
        assert found["ok"]
        for kind, name in enumerate(("disc", "square")):
            images, objects = labels_of(box_folder / "labels", kind)
            assert sum(found["counts"][name].values()) == images
            assert sum(found["objects"][name].values()) == objects > images
        assert found["picture"] is None

    def test_for_people(self, visionft, recipe_file):
        found = visionft("check", recipe_file, "--json").json
        lines = visionft("check", recipe_file).out.splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith("class"))
        assert lines[start - 1].split() == ["images", "objects"]
        assert lines[start].split() == ["class", *["train", "val", "test"] * 2]
        assert lines[start - 1].index("objects") == lines[start].rindex("train")
        for name, line in zip(("disc", "square"), lines[start + 1 :], strict=False):
            numbers = [*found["counts"][name].values(), *found["objects"][name].values()]
            assert line.split() == [name, *map(str, numbers)]
            assert len(line) == len(lines[start])

    def test_photographs_have_no_objects(self, visionft, tiny, tmp_path):
        (tmp_path / "r.yaml").write_text(recipe_to_yaml(tiny()))
        assert visionft("check", tmp_path / "r.yaml", "--json").json["objects"] == {}
        assert "objects" not in visionft("check", tmp_path / "r.yaml").out

    def test_augmented_images(self, visionft, recipe_file, tmp_path):
        result = visionft("check", recipe_file, "--show-augment", tmp_path / "grid.png")
        assert result.code == 0
        assert f"\naugmented images: {tmp_path}/grid.png\n" in result.out
        assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
        as_json = visionft("check", recipe_file, "--show-augment", tmp_path / "grid.png", "--json")
        assert as_json.json["picture"] == str(tmp_path / "grid.png")

    def test_augmented_images_under_a_wrong_name(self, refused, recipe_file, tmp_path):
        message = refused("check", recipe_file, "--show-augment", tmp_path / "grid.jpg")
        assert f"--show-augment: {tmp_path}/grid.jpg: a PNG is written" in message


class TestConvert:
    def test_json(self, visionft, recipe_file, tmp_path):
        result = visionft("convert", recipe_file, "--to", "yolo", "--out", tmp_path / "new", "--json")
        assert (result.code, result.err) == (0, "reading images: 24 images\n")
        found = result.json
        assert found.keys() == {"folder", "format", "images", "objects", "lost", "warnings"}
        assert (found["folder"], found["format"]) == (str(tmp_path / "new"), "yolo")
        for split in ("train", "val", "test"):
            assert found["images"][split] == len(list((tmp_path / "new/images" / split).iterdir())) > 0
            assert found["objects"][split] == sum(
                labels_of(tmp_path / "new/labels" / split, kind)[1] for kind in (0, 1)
            )

    def test_for_people(self, visionft, box_folder, tmp_path):
        arguments = ("convert", box_folder, "--to", "voc", "--out", tmp_path / "new", "--link")
        result = visionft(*arguments)
        assert result.code == 0
        stems = {
            split: (tmp_path / f"new/ImageSets/Main/{split}.txt").read_text().split()
            for split in ("train", "val", "test")
        }
        objects = {
            split: sum((tmp_path / f"new/Annotations/{stem}.xml").read_text().count("<object>") for stem in several)
            for split, several in stems.items()
        }
        told = [f"{split} {len(several)} images with {objects[split]} objects" for split, several in stems.items()]
        assert result.out.splitlines()[-1] == f"{tmp_path}/new: voc; {', '.join(told)}"
        assert all(picture.is_symlink() for picture in (tmp_path / "new/JPEGImages").iterdir())

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--to", "coc"], "--to: format 'coc': no such format; close: coco"),
            (["--to", "coco", "--set", "data.format=yolo2"], "close: yolo"),
            (["--to", "coco", "--set", "data.val_fraction=2"], "data.val_fraction: "),
            ([], "--to"),
        ],
    )
    def test_mistakes(self, refused, box_folder, tmp_path, arguments, message):
        assert message in refused("convert", box_folder, *arguments, "--out", tmp_path / "new")
        assert list(tmp_path.iterdir()) == []

    def test_data_without_boxes(self, refused, image_folder, tmp_path):
        message = refused("convert", image_folder, "--to", "coco", "--out", tmp_path / "new")
        assert "only boxes can be converted" in message
