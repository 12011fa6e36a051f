import shutil

import pytest

from tests.data.folders import write_image
from tests.data.mask_sets import make_pairs, write_mask
from visionft.data.formats.masks.reader import Masks
from visionft.data.listing import LabelOptions
from visionft.errors import DataError


def read(path, **patterns):
    return Masks(LabelOptions(("a", "b", "c"), **patterns)).read(path)


ROADS = {"images": "**/{name}_RAW.jpg", "masks": "**/{name}_CRACK.png"}


def roads(root):
    for number, name in enumerate(("s1", "s2")):
        write_image(root / name / f"{name}_RAW.jpg", number)
        for kind in ("CRACK", "LANE"):
            write_mask(root / name / f"{name}_{kind}.png", (0, 1))
    return root


def test_patterns_link_images_and_masks(tmp_path):
    listing = read(roads(tmp_path), **ROADS)
    assert [(entry.id, entry.target.source.path.name) for entry in listing.entries] == [
        ("s1/s1_RAW.jpg", "s1_CRACK.png"),
        ("s2/s2_RAW.jpg", "s2_CRACK.png"),
    ]
    (tmp_path / "s1/s1_CRACK.png").unlink()
    assert list(map(str, read(tmp_path, **ROADS).problems)) == [
        f"{tmp_path}: 1 images without a mask of the same name; left out: s1/s1_RAW.jpg"
    ]


def test_names_in_patterns_reach_over_folders_which_tell_splits(tmp_path):
    make_pairs(tmp_path, {("rgb/train", "classes/train"): 1, ("rgb/val2017", "classes/val2017"): 1})
    for split in ("train", "val2017"):
        for side in ("rgb", "classes"):
            shutil.copy(next((tmp_path / side / split).iterdir()), tmp_path / side / split / "same.png")
    listing = read(tmp_path, images="rgb/{name}.PNG", masks="classes/{name}.*")
    found = {
        (entry.id, entry.target.source.path.relative_to(tmp_path).as_posix(), entry.split) for entry in listing.entries
    }
    assert ("rgb/train/same.png", "classes/train/same.png", "train") in found
    assert ("rgb/val2017/same.png", "classes/val2017/same.png", "val") in found
    assert len(found) == 4
    with pytest.raises(DataError, match=r"data.masks.*both have the name 'same'; let \{name\} begin further left"):
        read(tmp_path, images="rgb/**/{name}.png", masks="classes/**/{name}.png")


def test_a_name_that_is_used_twice_is_the_same(tmp_path):
    listing = read(roads(tmp_path), images="{name}/{name}_RAW.jpg", masks="{name}/{name}_LANE.png")
    assert [entry.id for entry in listing.entries] == ["s1/s1_RAW.jpg", "s2/s2_RAW.jpg"]


def test_a_file_that_matches_both_patterns_is_a_mask(tmp_path):
    write_image(tmp_path / "x.png", 0)
    write_mask(tmp_path / "x_m.png", (0, 1))
    listing = read(tmp_path, images="{name}.png", masks="{name}_m.png")
    assert [entry.id for entry in listing.entries] == ["x.png"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"masks": None}, "data.images and data.masks belong together"),
        ({"images": "*_RAW.jpg"}, r"data.images: \*_RAW.jpg: has no \{name\}"),
        ({"images": "**/{name}_raw.jpeg"}, "data.images: .*: no image file below .* matches"),
        ({"images": "**/s{name}_RAW.jpg"}, "data.images gives '1', data.masks 's1'"),
    ],
)
def test_patterns_that_cannot_work_are_told(tmp_path, options, message):
    with pytest.raises(DataError, match=message):
        read(roads(tmp_path), **(ROADS | options))
