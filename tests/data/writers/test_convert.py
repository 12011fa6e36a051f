from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from tests.data.box_sets import write_coco as make_coco
from tests.data.folders import write_image
from visionft.annotations.marks import CROWD
from visionft.data.dataset import load_dataset
from visionft.data.records import Dataset, Sample
from visionft.data.splits import SPLITS
from visionft.data.targets.boxes import Boxes
from visionft.data.writers.convert import write_coco, write_voc, write_yolo
from visionft.errors import DataError

WIDTH, HEIGHT = 12, 10
NAMES = st.lists(
    st.sampled_from(["cat", "no", "1", "null", "traffic light", "a: b", "<&>", "Äpfel", "😀", "'q'", '"', "#x", "~"]),
    min_size=1,
    max_size=4,
    unique=True,
)


@st.composite
def boxes(draw, classes, whole=False):
    edge = (lambda side: st.integers(0, side)) if whole else (lambda side: st.floats(0, side))
    found = {}
    for _ in range(draw(st.integers(0, 4))):
        xs, ys = sorted(draw(st.tuples(edge(WIDTH), edge(WIDTH)))), sorted(draw(st.tuples(edge(HEIGHT), edge(HEIGHT))))
        thin = min(xs[1] - xs[0], ys[1] - ys[0]) < 0.02
        point = whole and xs[1] - xs[0] == ys[1] - ys[0] == 1
        if not thin and not point:
            found[(float(xs[0]), float(ys[0]), float(xs[1]), float(ys[1]))] = draw(st.integers(0, classes - 1))
    return Boxes(tuple(found), tuple(found.values()), tuple(draw(st.booleans()) for _ in found))


@st.composite
def data_sets(draw, whole=False):
    names = draw(NAMES)
    # one object in each split at least, since nothing reads data without any
    sure = Boxes(((0.0, 0.0, 5.0, 5.0),), (0,), (False,))
    content = {split: [sure, *draw(st.lists(boxes(len(names), whole), max_size=2))] for split in SPLITS}
    return tuple(names), content


def build(root, names, content):
    samples = []
    for split, several in content.items():
        for number, found in enumerate(several):
            path = write_image(root / split / f"{number} x.png", len(samples), (WIDTH, HEIGHT))
            samples.append(Sample(f"{split}/{number} x.png", path, found, split, size=(WIDTH, HEIGHT)))
    return Dataset("made", tuple(samples), names, target=Boxes)


def seen(dataset):
    """Return picture bytes -> split and its objects: position, name, crowd."""
    return {
        sample.image.read_bytes(): (
            sample.split,
            [
                (tuple(round(edge, 6) for edge in xyxy), dataset.class_names[label], crowd)
                for xyxy, label, crowd in zip(
                    sample.target.xyxy, sample.target.labels, sample.target.crowd, strict=True
                )
            ],
        )
        for sample in dataset.samples
    }


def without_crowds(found):
    return {picture: (split, [each for each in objects if not each[2]]) for picture, (split, objects) in found.items()}


@settings(max_examples=12, deadline=None)
@given(data_sets())
def test_boxes_come_back_from_coco_and_yolo(made):
    with TemporaryDirectory() as folder:
        dataset = build(Path(folder, "from"), *made)
        write_coco(dataset, Path(folder, "coco"))
        lost = write_yolo(dataset, Path(folder, "yolo"))
        coco, yolo = load_dataset(Path(folder, "coco"), format="coco"), load_dataset(Path(folder, "yolo"))
        assert coco.class_names == yolo.class_names == dataset.class_names
        assert seen(coco) == seen(dataset)
        assert seen(yolo) == without_crowds(seen(dataset))
        assert len(lost) == any(any(sample.target.crowd) for sample in dataset.samples)


@settings(max_examples=12, deadline=None)
@given(data_sets(whole=True))
def test_whole_pixels_come_back_from_voc(made):
    with TemporaryDirectory() as folder:
        dataset = build(Path(folder, "from"), *made)
        assert write_voc(dataset, Path(folder, "to")) == []
        assert seen(load_dataset(Path(folder, "to"))) == seen(dataset)


@settings(max_examples=12, deadline=None)
@given(data_sets())
def test_voc_rounds_to_the_nearest_pixel(made):
    with TemporaryDirectory() as folder:
        dataset = build(Path(folder, "from"), *made)
        lost = write_voc(dataset, Path(folder, "to"))
        before, after = seen(dataset), seen(load_dataset(Path(folder, "to")))
        assert before.keys() == after.keys()
        for picture, (split, objects) in before.items():
            assert after[picture][0] == split
            if not lost and len(objects) == len(after[picture][1]):
                for (xyxy, *rest), (rounded, *again) in zip(objects, after[picture][1], strict=True):
                    assert rest == again
                    assert all(abs(a - b) <= 1 for a, b in zip(xyxy, rounded, strict=True))


@pytest.fixture
def dataset(tmp_path):
    crowd = {"id": 3, "image_id": 2, "category_id": 7, "bbox": [1, 1, 4, 4], "iscrowd": 1}
    file = make_coco(tmp_path / "from/all.json", [(1, 3, [0, 0, 6, 6]), (2, 7, [4, 4, 1, 1]), crowd], images=30)
    return load_dataset(file)


def test_an_independent_reader_understands_the_coco_files(dataset, tmp_path, capsys):
    write_coco(dataset, tmp_path / "to")
    found = []
    for split in SPLITS:
        coco = COCO(tmp_path / f"to/annotations/instances_{split}.json")
        found += [(one["bbox"], coco.cats[one["category_id"]]["name"], one["iscrowd"], one["area"])
                  for one in coco.anns.values()]  # fmt: skip
        assert {image["file_name"] for image in coco.imgs.values()} == {
            sample.image.name for sample in dataset.split(split)
        }
    expected = [([0, 0, 6, 6], "cat", 0, 36), ([4, 4, 1, 1], "dog", 0, 1), ([1, 1, 4, 4], "dog", 1, 16)]
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_what_a_format_cannot_hold_is_told(dataset, tmp_path):
    yolo, voc = write_yolo(dataset, tmp_path / "yolo"), write_voc(dataset, tmp_path / "voc")
    assert [str(problem) for problem in (*yolo, *voc)] == [
        f"{tmp_path}/yolo: 1 object is neither learned nor measured, which YOLO cannot say; left out: 2.png",
        f"{tmp_path}/voc: 1 object is a single pixel, which Pascal VOC cannot say; left out: 2.png",
    ]
    assert (tmp_path / "voc/Annotations/1.xml").read_text().count("<object>") == 1


def test_pictures_of_one_name_get_names_of_their_own(tmp_path):
    names = ("a/x.png", "b/x.png", "b/X.png", "a-x.png", "b/y z.png")
    samples = [
        Sample(name, write_image(tmp_path / "from" / name, at), Boxes(((0, 0, at + 1, 5),), (0,), (False,)), "train",
               size=(12, 10))
        for at, name in enumerate(names)
    ]  # fmt: skip
    dataset = Dataset("made", tuple(samples), ("cat",), target=Boxes)
    write_yolo(dataset, tmp_path / "to")
    pictures = sorted((tmp_path / "to/images/train").iterdir())
    assert [file.name for file in pictures] == ["a-x.png", "b-X-2.png", "b-x.png", "x.png", "y_z.png"]
    again = load_dataset(tmp_path / "to", val_fraction=0.0)
    assert {path: objects for path, (_, objects) in seen(again).items()} == {
        path: objects for path, (_, objects) in seen(dataset).items()
    }


@pytest.mark.parametrize("write", [write_coco, write_voc])
def test_what_is_ignored_is_ignored_for_every_class(tmp_path, write):
    found = Boxes(((0, 0, 5, 5), (6, 6, 9, 9)), (1, CROWD), (False, True))
    path = write_image(tmp_path / "from/x.png", 0, (WIDTH, HEIGHT))
    dataset = Dataset(
        "made", (Sample("x.png", path, found, "train", size=(WIDTH, HEIGHT)),), ("cat", "dog"), target=Boxes
    )
    assert write(dataset, tmp_path / "to") == []
    ((_, objects),) = seen(load_dataset(tmp_path / "to", target=Boxes, val_fraction=0.0)).values()
    assert objects == [((0, 0, 5, 5), "dog", False), ((6, 6, 9, 9), "cat", True), ((6, 6, 9, 9), "dog", True)]


def test_pictures_may_be_linked(dataset, tmp_path):
    write_voc(dataset, tmp_path / "to", pictures="link")
    pictures = list((tmp_path / "to/JPEGImages").iterdir())
    assert len(pictures) == 30
    assert all(file.is_symlink() and file.resolve().parent == tmp_path / "from" for file in pictures)


@pytest.mark.parametrize("write", [write_coco, write_yolo, write_voc])
def test_where_nothing_can_be_written(dataset, tmp_path, write):
    with pytest.raises(DataError, match=r"from: is not empty; give a new folder"):
        write(dataset, tmp_path / "from")
    with pytest.raises(DataError, match=r"all.json: cannot be written .*File exists"):
        write(dataset, tmp_path / "from/all.json")


def test_names_that_xml_cannot_hold_are_refused(dataset, tmp_path):
    odd = Dataset("odd", dataset.samples, ("c\x01t", "dog"), target=Boxes)
    with pytest.raises(DataError, match=r"the class 'c\\x01t' cannot be written as XML"):
        write_voc(odd, tmp_path / "to")
    assert not (tmp_path / "to").exists()
