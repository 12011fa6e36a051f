import time

import pytest

from tests.data.box_sets import annotation, told, write_voc
from tests.data.folders import write_image
from tests.data.mask_sets import write_mask, write_turned_jpeg
from tests.real_data import DATA, needs_data
from visionft.data.dataset import load_dataset
from visionft.data.formats.detect import detect_format
from visionft.data.listing import LabelOptions
from visionft.data.splits import SPLITS
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError

CAT, DOG = ("cat", (1, 1, 12, 10)), ("dog", (3, 2, 6, 9))
LISTS = {"train": ["a"], "val": ["b"], "test": ["c"]}
OBJECTS = {"a": [CAT, DOG], "b": [DOG], "c": [CAT]}


def load(path, **options):
    return load_dataset(path, format="voc", options=LabelOptions(**options))


def test_corners_counted_from_one_become_half_open(tmp_path):
    assert detect_format(write_voc(tmp_path, OBJECTS, LISTS)) == "voc"
    dataset = load_dataset(tmp_path)
    assert (dataset.target, dataset.class_names) == (Boxes, ("cat", "dog"))
    assert [(sample.id, sample.split) for sample in dataset.samples] == [
        ("JPEGImages/a.png", "train"),
        ("JPEGImages/b.png", "val"),
        ("JPEGImages/c.png", "test"),
    ]
    assert dataset.samples[0].target == Boxes(((0, 0, 12, 10), (2, 1, 6, 9)), (0, 1), (False, False))


def test_masks_come_first_unless_boxes_are_wanted(tmp_path):
    write_voc(tmp_path, OBJECTS, LISTS)
    for name in OBJECTS:
        write_mask(tmp_path / "SegmentationClass" / f"{name}.png", (0, 1))
    assert (detect_format(tmp_path), detect_format(tmp_path, Boxes)) == ("masks", "voc")
    assert load_dataset(tmp_path, target=Boxes).target is Boxes


def test_difficult_objects_are_neither_learned_nor_measured(tmp_path):
    write_voc(tmp_path, {"a": [(*CAT, "<difficult>1</difficult>"), (*DOG, "<difficult>0</difficult>")]})
    assert load(tmp_path).samples[0].target.crowd == (True, False)


def test_parts_of_objects_are_not_objects(tmp_path):
    part = "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>"
    dataset = load(write_voc(tmp_path, {"a": [(*DOG, part)]}))
    assert (dataset.class_names, dataset.samples[0].target.xyxy) == (("dog",), ((2, 1, 6, 9),))


@pytest.mark.parametrize(("xml", "images"), [("annotations", "images"), (".", "."), ("train", "train")])
def test_other_layouts(tmp_path, xml, images):
    assert detect_format(write_voc(tmp_path, OBJECTS, xml=xml, images=images)) == "voc"
    dataset = load_dataset(tmp_path)
    assert [len(sample.target) for sample in dataset.samples] == [2, 1, 1]
    if xml == "train":
        assert not dataset.split("test")


def test_the_only_folder_is_gone_into(tmp_path):
    write_voc(tmp_path / "VOCdevkit/VOC2007", OBJECTS, LISTS)
    assert detect_format(tmp_path) == "voc"
    assert [sample.id for sample in load(tmp_path).samples] == [f"JPEGImages/{name}.png" for name in "abc"]


def test_lists_of_training_and_validation_together_are_cut(tmp_path):
    names = [f"{number:02}" for number in range(40)]
    write_voc(tmp_path, {name: [CAT, DOG] for name in names}, {"trainval": names[:35], "test": names[35:]})
    dataset = load(tmp_path)
    assert len(dataset.split("test")) == 5
    assert 0 < len(dataset.split("val")) < len(dataset.split("train"))


def test_lists_that_do_not_fit_are_told(tmp_path):
    write_voc(tmp_path, OBJECTS, {"train": ["a", "gone"], "val": ["a", "b"]})
    dataset = load(tmp_path)
    assert [(sample.image.stem, sample.split) for sample in dataset.samples] == [("a", "train"), ("b", "val")]
    folder = tmp_path / "ImageSets/Main"
    assert [line for line in told(dataset) if line.startswith(str(folder))] == [
        f"{folder}/val.txt: 1 image is in another list as well, which counts: a",
        f"{folder}: 1 listed images have no XML file or no picture; left out: gone",
        f"{folder}: 1 annotated images are in no list; left out: c.png",
    ]


def test_files_without_a_partner_are_told(tmp_path):
    write_voc(tmp_path, OBJECTS)
    write_image(tmp_path / "JPEGImages/bare.png", 50)
    (tmp_path / "JPEGImages/b.png").unlink()
    dataset = load(tmp_path)
    assert [sample.image.stem for sample in dataset.samples] == ["a", "c"]
    assert f"{tmp_path}: 1 XML files have no image; left out: b.xml" in told(dataset)
    without = "1 images have no XML file; left out, since one without objects needs a file without <object>: bare.png"
    assert f"{tmp_path}: {without}" in told(dataset)


def test_the_name_in_the_file_finds_an_image_called_otherwise(tmp_path):
    write_image(tmp_path / "photo.png", 1)
    text = annotation([CAT]).replace("<path>", "<filename>C:\\pictures\\photo.png</filename><path>")
    (tmp_path / "note.xml").write_text(text)
    assert [sample.id for sample in load(tmp_path).samples] == ["photo.png"]


def test_bad_boxes_are_told_with_file_and_object(tmp_path):
    odd = annotation([CAT]).replace("<xmax>12</xmax>", "<xmax>wide</xmax>")
    write_voc(tmp_path, {"a": [CAT, ("cat", (5, 5, 5, 5)), ("", (1, 1, 3, 3)), ("dog", (1, 9, 1, 9))], "b": [DOG]})
    (tmp_path / "Annotations/b.xml").write_text(odd)
    dataset = load(tmp_path)
    start = f"{tmp_path}/Annotations"
    assert sorted(line for line in told(dataset) if ": box " in line) == [
        f"{start}/a.xml: object 2: box [5, 5, 5, 5] is a single point; left out",
        f"{start}/a.xml: object 3: box [1, 1, 3, 3] has no class name; left out",
        f"{start}/a.xml: object 4: box [1, 9, 1, 9] is a single point; left out",
        f"{start}/b.xml: object 1: box [1, 1, wide, 10] is no list of four numbers; left out",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<annotation><object>", "is not XML (no element found: line 1, column 20)"),
        ("", "is not XML (no element found: line 1, column 0)"),
        ("<note/>", "holds <note>, and no <annotation>"),
        ('<?xml version="1.0" encoding="martian"?><annotation/>', "is not XML (unknown encoding"),
        (
            '<!DOCTYPE annotation [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotation>&x;</annotation>',
            "declares entities, which annotations do not need",
        ),
    ],
)
def test_damaged_files_leave_their_image_out(tmp_path, text, reason):
    write_voc(tmp_path, OBJECTS)
    file = tmp_path / "Annotations/b.xml"
    file.write_text(text)
    dataset = load(tmp_path)
    assert [sample.image.stem for sample in dataset.samples] == ["a", "c"]
    assert any(line.startswith(f"JPEGImages/b.png: {file}: {reason}") for line in told(dataset))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_do_not_grow(tmp_path, encoding):
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "laughter">{entities}]><annotation>&e11;</annotation>'
    write_voc(tmp_path, OBJECTS)
    (tmp_path / "Annotations/b.xml").write_bytes(bomb.encode(encoding))
    start = time.perf_counter()
    assert any("declares entities" in line for line in told(load(tmp_path)))
    assert time.perf_counter() - start < 5


def test_what_voc_cannot_say_is_refused(tmp_path):
    write_voc(tmp_path, OBJECTS)
    with pytest.raises(DataError, match=r"names and no numbers of classes"):
        load(tmp_path, classes={"animal": (0, 1)})
    with pytest.raises(DataError, match=r"data.images: .*pictures: no such folder"):
        load(tmp_path, images="pictures")
    with pytest.raises(DataError, match=r"no XML file of an image holds an object"):
        load(write_voc(tmp_path / "empty", {"a": []}))
    assert load(tmp_path, classes=("dog", "cat"), images="JPEGImages").samples[0].target.labels == (1, 0)


def test_turned_pictures(tmp_path):
    write_voc(tmp_path, {"a": [CAT], "b": [DOG]})
    for name, size in (("stored", (12, 10)), ("upright", (10, 12))):
        write_turned_jpeg(tmp_path / f"JPEGImages/{name}.jpg")
        (tmp_path / f"Annotations/{name}.xml").write_text(annotation([DOG], size))
    dataset = load(tmp_path)
    boxes = {sample.image.stem: sample.target.xyxy for sample in dataset.samples}
    assert (boxes["upright"], boxes["stored"]) == (((2, 1, 6, 9),), ((1, 2, 9, 6),))  # turned a quarter to the right
    line = "stored.xml: the size 12 x 10 pixels is of the stored picture, which is shown turned upright by its EXIF"
    assert any(line in told_line for told_line in told(dataset))
    (tmp_path / "Annotations/stored.xml").write_text(annotation([DOG], (0, 0)))  # nobody knows
    line = "boxes: 1 image carries an EXIF rotation that its files cannot confirm: JPEGImages/stored.jpg"
    found = [told_line for told_line in told(load(tmp_path)) if told_line.startswith(line)]
    assert [told_line.rpartition("; ")[2] for told_line in found] == [
        "look at them: image and box must be upright alike"
    ]


@pytest.mark.data
@needs_data
def test_blood_cells():
    dataset = load_dataset(DATA / "bccd-voc")
    assert (dataset.target, dataset.class_names) == (Boxes, ("Platelets", "RBC", "WBC"))
    assert [len(dataset.split(split)) for split in SPLITS] == [205, 87, 72]
    objects = [sum(counts) for counts in zip(*map(dataset.class_counts, SPLITS), strict=True)]
    assert objects == [361, 4155 - 2, 372]  # as the set's own description has it, without two of no size
    folder = DATA / "bccd-voc/Annotations"
    assert told(dataset) == [
        f"{folder}/BloodImage_00338.xml: object 13: box [504, 337, 504, 337] is a single point; left out",
        f"{folder}/BloodImage_00343.xml: object 4: box [181, 329, 181, 329] is a single point; left out",
    ]
    with pytest.raises(DataError, match=r"2 bad boxes\n.*BloodImage_00338.xml: object 13.*data.on_bad_box: drop"):
        load_dataset(DATA / "bccd-voc", options=LabelOptions(on_bad_box="fail"))
