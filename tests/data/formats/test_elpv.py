from collections import Counter
from hashlib import blake2b
from importlib.util import find_spec

import pytest

from tests.data.folders import write_image
from visionft.data.formats import elpv
from visionft.data.formats.elpv import Elpv
from visionft.errors import DataError, MissingExtra


def copy_of(folder, cells):
    lines = []
    for number, probability in enumerate(cells):
        write_image(folder / f"images/cell{number}.png", number)
        lines.append(f"images/cell{number}.png  {probability}   mono")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_half_and_more_is_defective(tmp_path):
    listing = Elpv().read(copy_of(tmp_path, [0.0, 0.3333333333333333, 0.5, 0.6666666666666666, 1.0]))
    labels = {entry.id: entry.target.name for entry in listing.entries}
    assert [labels[f"images/cell{number}.png"] for number in range(5)] == [
        "functional",
        "functional",
        "defective",
        "defective",
        "defective",
    ]
    assert listing.class_names == ("functional", "defective")


def test_the_lowest_quarter_of_each_class_by_content_is_the_test_split(tmp_path):
    listing = Elpv().read(copy_of(tmp_path, [0.0] * 20 + [1.0] * 12))
    for label, size in (("functional", 5), ("defective", 3)):
        members = [entry for entry in listing.entries if entry.target.name == label]
        members.sort(key=lambda entry: blake2b(entry.image.read_bytes(), digest_size=16).hexdigest())
        assert [entry.split for entry in members] == ["test"] * size + ["train"] * (len(members) - size)


def test_the_licence_is_said(tmp_path):
    assert "CC BY-NC-SA 4.0: research, not commercial" in Elpv().read(copy_of(tmp_path, [0.0, 1.0])).source


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr(elpv, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"elpv-dataset.*pip install 'visionft\[demo\]'"):
        Elpv().read(None)


def test_unexpected_labels_are_told(tmp_path):
    (tmp_path / "labels.csv").write_text("images/cell1.png 0.0 mono\nimages/cell2.png maybe mono\n")
    with pytest.raises(DataError, match=r"labels.csv:2: expected 'file probability type'"):
        Elpv().read(tmp_path)


def test_a_missing_image_is_told(tmp_path):
    (tmp_path / "labels.csv").write_text("images/cell1.png 0.0 mono\n")
    with pytest.raises(DataError, match=r"cell1.png: cannot be read .*; install elpv-dataset again"):
        Elpv().read(tmp_path)


@pytest.mark.data
@pytest.mark.skipif(find_spec("elpv_dataset") is None, reason="the package elpv-dataset is not installed")
def test_the_package_has_its_2624_cells():
    listing = Elpv().read(None)
    assert Counter((entry.target.name, entry.split) for entry in listing.entries) == {
        ("functional", "test"): 451,
        ("functional", "train"): 1352,
        ("defective", "test"): 205,
        ("defective", "train"): 616,
    }
