import numpy as np
import pytest
from PIL import Image

from tests.data.folders import make_folder, write_image
from tests.data.mask_sets import save, write_mask
from visionft.data.formats.folder import Folder


def hints(root):
    return [problem for problem in Folder().read(root).problems if "images and their masks" in problem.what]


def write_photo(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(content).integers(0, 255, (10, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_a_folder_per_sample(tmp_path, kind):
    for number in range(6):
        folder = tmp_path / f"shot_{number}"
        write_photo(folder / f"shot_{number}_RAW.{kind}", number)
        write_mask(folder / f"shot_{number}_CRACK.png", (0, 255))
        write_mask(folder / f"shot_{number}_LANE.png", (0,))
    (hint,) = hints(tmp_path)
    assert not hint.fatal
    assert str(hint) == (
        f"{tmp_path}: these look like images and their masks rather than a folder per class; if so, set "
        f"data.images='**/{{name}}_RAW.{kind}' and data.masks='**/{{name}}_CRACK.png'"
    )


def test_a_folder_per_sample_with_folders_in_it(tmp_path):
    for number in range(4):
        write_photo(tmp_path / f"{number}/image/x{number}.jpg", number)
        write_mask(tmp_path / f"{number}/map/x{number}.png", (0, 1))
    (hint,) = hints(tmp_path)
    assert hint.what.endswith("'**/image/{name}.jpg' and data.masks='**/map/{name}.png'")


@pytest.mark.parametrize(
    ("images", "masks", "patterns"),
    [
        ("rgb", "classes/all", "'rgb/{name}.jpg' and data.masks='classes/all/{name}.png'"),
        ("rgb/city", "classes/deep/city", "'rgb/{name}.jpg' and data.masks='classes/deep/{name}.png'"),
        ("train/rgb", "train/maps", "'**/rgb/{name}.jpg' and data.masks='**/maps/{name}.png'"),
    ],
)
def test_the_same_stems_in_two_folders(tmp_path, images, masks, patterns):
    for number in range(6):
        write_photo(tmp_path / images / f"{number}.jpg", number)
        write_mask(tmp_path / masks / f"{number}.png", (0, 1, 7))
    (hint,) = hints(tmp_path)
    assert hint.what.endswith(patterns)


def test_numbers_that_every_class_has_are_no_masks(tmp_path):
    assert hints(make_folder(tmp_path, {"cat": 6, "dog": 6})) == []


def test_classes_of_other_kinds_of_files_are_no_masks(tmp_path):
    for number in range(6):
        write_photo(tmp_path / f"cat/{number}.jpg", number)
        write_photo(tmp_path / f"dog/{number}.png", 50 + number)
    assert hints(tmp_path) == []


def test_drawings_beside_photographs_of_another_size_are_no_masks(tmp_path):
    for number in range(6):
        write_photo(tmp_path / f"photo/{number}.jpg", number)
        write_mask(tmp_path / f"icon/{number}.png", (0, 255), (16, 16))
    assert hints(tmp_path) == []


def test_glyphs_are_no_masks(tmp_path):
    for number in range(6):
        for digit in "012":
            write_mask(tmp_path / digit / f"{number}.png", (0, 255))
    assert hints(tmp_path) == []


def test_small_classes_with_alike_names_are_no_masks(tmp_path):
    for name in ("cat", "dog", "cow"):
        write_photo(tmp_path / name / f"{name}_front.jpg", len(name))
        write_image(tmp_path / name / f"{name}_back.png", ord(name[0]))
    assert hints(tmp_path) == []


def test_broken_files_are_not_judged(tmp_path):
    for number in range(4):
        write_photo(tmp_path / f"a/{number}.jpg", number)
        save(tmp_path / f"b/{number}.png", np.zeros((10, 12), np.uint8)).write_bytes(b"")
    assert hints(tmp_path) == []
