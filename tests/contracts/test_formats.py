"""What every data format promises to whoever reads data: our own and those of other packages."""

import pickle
from dataclasses import fields
from pathlib import Path, PurePosixPath

import pytest

from tests.contracts.example_data import write_example
from visionft.data.dataset import load_dataset
from visionft.data.formats import FORMATS
from visionft.data.formats.detect import detect_format
from visionft.data.listing import DataFormat, LabelOptions
from visionft.data.targets.base import Target
from visionft.errors import DataError, UnknownName

NAMED_ONLY = {"elpv", "elpv_probability"}  # they bring their own images


@pytest.fixture(params=FORMATS, scope="module")
def name(request):
    return request.param


@pytest.fixture(scope="module")
def example(name, request, tmp_path_factory):
    return write_example(name, request, tmp_path_factory.mktemp(name))


def test_a_format_is_a_class_with_its_facts(name):
    data_format = FORMATS[name]
    assert issubclass(data_format, DataFormat)
    assert not data_format.__abstractmethods__
    assert data_format.kind == name
    assert issubclass(data_format.target, Target)
    assert set(data_format.takes) <= {field.name for field in fields(LabelOptions)} - {"classes"}


def test_a_listing_says_which_images_there_are_and_what_is_in_them(name, example):
    listing = FORMATS[name](LabelOptions()).read(example)
    assert listing.target is FORMATS[name].target
    assert listing.name
    ids = [entry.id for entry in listing.entries]
    assert len(set(ids)) == len(ids) > 0
    assert all(PurePosixPath(each).as_posix() == each and not each.startswith("/") for each in ids)
    assert all(entry.image.is_file() for entry in listing.entries)
    assert len(set(listing.class_names)) == len(listing.class_names) > 0
    assert not any(problem.fatal for problem in listing.problems)


def test_a_listing_is_a_value_that_another_reading_gives_again(name, example):
    first, second = (FORMATS[name](LabelOptions()).read(example) for _ in range(2))
    assert first == second
    assert pickle.loads(pickle.dumps(first)) == first


def test_it_becomes_a_data_set_with_splits(name, example):
    data = load_dataset(example, format=name, val_fraction=0.3, test_fraction=0.2)
    assert all(isinstance(sample.target, FORMATS[name].target) for sample in data.samples)
    assert data.split("train")
    assert data.split("val")
    assert {index for sample in data.samples for index in sample.target.classes} <= set(range(len(data.class_names)))
    assert [problem for problem in data.problems if problem.fatal] == []


def test_it_is_recognised_where_nobody_names_it(name, example):
    if name in NAMED_ONLY:
        pytest.skip("brings its own images")
    assert detect_format(example, FORMATS[name].target) == name
    assert load_dataset(example, target=FORMATS[name].target).target is FORMATS[name].target


@pytest.mark.parametrize("what", ["missing", "empty folder", "empty file", "bytes", "picture"])
def test_what_it_cannot_read_is_named(name, what, tmp_path, image_folder):
    path = {"empty folder": tmp_path / "hollow", "picture": next(image_folder.rglob("*.png"))}.get(
        what, tmp_path / "strange.x"
    )
    if what == "empty folder":
        path.mkdir()
    elif what in ("empty file", "bytes"):
        path.write_bytes(b"\x00\xff\xfe\t{]\n" * (what == "bytes"))
    with pytest.raises((DataError, UnknownName)) as raised:
        load_dataset(path, format=name)
    assert path.name in str(raised.value)
    assert not FORMATS[name].recognises(path)
    assert not FORMATS[name].recognises(Path("/nowhere/at all"))
