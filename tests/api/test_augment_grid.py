"""The picture of augmented images, and the file that it is written to."""

import cv2
import pytest

from tests.imaging.pictures import places
from tests.real_data import DATA, needs_data
from visionft.api import check
from visionft.assemble import assemble, load_data
from visionft.assemble.preview import augmented_samples
from visionft.errors import DataError


def read(path):
    return cv2.imread(str(path))[..., ::-1]


def test_the_picture(tiny, tmp_path):
    recipe = tiny(input={"size": 96}, stages=[{"name": "a", "unfreeze": "all", "epochs": 1, "augment": "strong"}])
    found = check(recipe, show_augment=tmp_path / "grid.png")
    assert (found.ok, found.picture) == (True, str(tmp_path / "grid.png"))
    whole = read(tmp_path / "grid.png")
    dataset = load_data(recipe)
    canvas = assemble(recipe, dataset).canvas
    for one in augmented_samples(recipe, dataset, canvas, number=6, epochs=range(5)):
        for example in one.examples:
            enlarged = cv2.resize(example.image_HW3, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST_EXACT)
            assert len(places(whole, enlarged)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["grid.png"]


def test_colours_are_explained(scenes, objects, tmp_path):
    for recipe, colours in ((scenes(), [(0, 0, 255), (0, 255, 0)]), (objects(), [(0, 0, 255), (0, 255, 0)])):
        assert check(recipe, show_augment=tmp_path / "grid.png").ok
        below = read(tmp_path / "grid.png")[-32:]
        assert all(((below == colour).all(axis=2)).sum() == 81 for colour in colours)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("grid.jpg", "a name that ends in .png"),
        ("folder.png", "is a folder; give a file"),
        ("nowhere/grid.png", "there is no folder .*nowhere; make it"),
        (f"{'x' * 300}.png", "cannot be written .File name too long"),
    ],
)
def test_names_that_cannot_be_written(tiny, tmp_path, name, message):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(DataError, match=f"--show-augment: .*{message}"):
        check(tiny(), show_augment=tmp_path / name)


def test_no_image_of_the_data_is_overwritten(tiny, image_folder, tmp_path):
    before = (image_folder / "bar/00.png").read_bytes()
    (tmp_path / "link.png").symlink_to(image_folder / "bar/00.png")
    for path in (image_folder / "bar/00.png", tmp_path / "link.png"):
        with pytest.raises(DataError, match="is one of the images and would be overwritten"):
            check(tiny(), show_augment=path)
    assert (image_folder / "bar/00.png").read_bytes() == before


def test_a_full_disk(tiny, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    (tmp_path / "grid.png").write_bytes(b"old")
    monkeypatch.setattr("visionft.atomic.sync", full)
    with pytest.raises(DataError, match=r"grid.png: cannot be written \(No space left on device\)"):
        check(tiny(), show_augment=tmp_path / "grid.png")
    assert (tmp_path / "grid.png").read_bytes() == b"old"


@pytest.mark.parametrize("section", [{"data": {"path": "/nowhere"}}, {"backbone": {"name": "test_resnett"}}])
def test_what_cannot_be_drawn_is_told(tiny, tmp_path, section):
    found = check(tiny(**section), show_augment=tmp_path / "grid.png")
    assert found.errors
    assert found.picture is None
    assert not (tmp_path / "grid.png").exists()


@pytest.mark.data
@needs_data
def test_blood_cells(tmp_path):
    overrides = ("backbone.name=test_resnet", "backbone.weights=none", "input.size=[240, 320]")
    assert check(DATA / "bccd-voc", overrides, show_augment=tmp_path / "grid.png").picture
    whole = read(tmp_path / "grid.png")
    assert whole.shape[1] == 6 + 6 * (320 + 6)
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)):  # white and red cells, platelets
        assert (whole == colour).all(axis=2).sum() > 1000
