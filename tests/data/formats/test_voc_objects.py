"""Boxes and what other programs write in their place."""

from math import pi

import pytest

from tests.data.box_sets import told, write_voc
from visionft.data.checks.bad_files import BoxError
from visionft.data.dataset import load_dataset
from visionft.data.formats.voc import objects
from visionft.data.formats.voc.file import read_xml
from visionft.data.listing import LabelOptions
from visionft.errors import DataError

BOX = "<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>9</xmax><ymax>8</ymax></bndbox>"
CAT = f"<object><name>cat</name>{BOX}</object>"
ANNOTATION = (
    f"<annotation><filename>a.jpg</filename><size><width>12.0</width><height>10</height></size>{CAT}</annotation>"
)


def read(tmp_path, text, encoding="utf-8"):
    (tmp_path / "a.xml").write_bytes(text.encode(encoding))
    return read_xml(tmp_path / "a.xml")


def boxes(said):
    return [(name, *box.numbers) for name, box in said.objects]


@pytest.mark.parametrize(
    "text",
    [
        ANNOTATION,
        "\n  " + ANNOTATION,
        '<?xml version="1.0"?><!DOCTYPE annotation>' + ANNOTATION,
        '<!DOCTYPE annotation SYSTEM "http://x.invalid/voc.dtd">' + ANNOTATION,
        ANNOTATION.replace("<annotation>", '<annotation xmlns="http://x.invalid/voc">'),
        ANNOTATION.replace("annotation>", "Annotation>"),
        ANNOTATION.replace("annotation>", "annotations>"),
        f"<root>{ANNOTATION}</root>",
        ANNOTATION.replace("<object>", "<objects><object>").replace("</object>", "</object></objects>"),
        ANNOTATION.replace("xmin>", "xMin>").replace("ymax>", "YMAX>"),
        ANNOTATION.replace("xmin>", "left>")
        .replace("ymin>", "top>")
        .replace("xmax>", "right>")
        .replace("ymax>", "bottom>"),
        ANNOTATION.replace(BOX, "<bndbox><x>2</x><y>3</y><width>8</width><height>6</height></bndbox>"),
        ANNOTATION.replace("<name>cat</name>", "<name> cat\n</name><part><name>head</name><bndbox/></part>"),
    ],
)
def test_shells(tmp_path, text):
    said = read(tmp_path, text)
    assert (said.size, boxes(said), said.habits) == ((12, 10), [("cat", 2, 3, 9, 8)], set())


@pytest.mark.parametrize(
    ("encoding", "declared", "guess"),
    [
        ("utf-16", "utf-16", None),
        ("gbk", "gbk", None),
        ("gbk", "", "GBK"),
        ("gbk", "utf-8", "GBK"),
        ("utf-8", "utf-16", None),
        ("latin-1", "", "Windows-1252"),
        ("utf-8-sig", "utf-8", None),
    ],
)
def test_encodings(tmp_path, encoding, declared, guess):
    name = "rosé" if encoding == "latin-1" else "红色"
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    said = read(tmp_path, head + ANNOTATION.replace("cat", name), encoding)
    assert [name for name, _ in said.objects] == [name]
    assert said.habits == ({f"bytes of {guess} without saying so"} if guess else set())


QUARTER = "<robndbox><cx>6</cx><cy>5</cy><w>8</w><h>2</h><angle>{}</angle></robndbox>"


@pytest.mark.parametrize(
    ("inner", "expected", "habit"),
    [
        (BOX + BOX.replace("2", "1"), [(2, 3, 9, 8), (1, 3, 9, 8)], objects.SEVERAL),
        (BOX.replace("2", "11"), [(9, 3, 11, 8)], objects.SWAPPED),
        (BOX.replace("2", "0"), [(0, 3, 9, 8)], objects.FROM_ZERO),
        (QUARTER.format(0), [(3, 5, 10, 6)], objects.TURNED),
        (QUARTER.format(pi / 2), [(6, 2, 7, 9)], objects.TURNED),
        (QUARTER.format(90), [(6, 2, 7, 9)], objects.TURNED),
        (
            "<polygon><x1>1</x1><y1>2</y1><x2>9</x2><y2>2</y2><x3>5</x3><y3>8</y3></polygon>",
            [(2, 3, 9, 8)],
            objects.POLYGONS,
        ),
        (
            "<polygon><pt><x>1</x><y>2</y></pt><pt><x>9</x><y>2</y></pt><pt><x>5</x><y>8</y></pt></polygon>",
            [(2, 3, 9, 8)],
            objects.POLYGONS,
        ),
        (
            "<bndbox><x1>1</x1><y1>2</y1><x2>9</x2><y2>2</y2><x3>9</x3><y3>8</y3><x4>1</x4><y4>8</y4></bndbox>",
            [(2, 3, 9, 8)],
            objects.POLYGONS,
        ),
        (BOX + "<polygon><x1>1</x1><y1>2</y1></polygon>", [(2, 3, 9, 8)], None),
    ],
)
def test_what_stands_in_the_place_of_a_box(tmp_path, inner, expected, habit):
    said = read(tmp_path, ANNOTATION.replace(BOX, inner))
    assert [numbers for _, *numbers in boxes(said)] == [pytest.approx(numbers) for numbers in expected]
    assert said.habits == ({habit} if habit else set())


@pytest.mark.parametrize("inner", ["", "<bndbox/>", "<polygon><x1>1</x1><y1>2</y1></polygon>", QUARTER.format("nan")])
def test_an_object_without_a_box_is_told(tmp_path, inner):
    write_voc(tmp_path, {"a": [("cat", (1, 1, 5, 5))], "b": [("cat", (1, 1, 5, 5))]})
    (tmp_path / "Annotations/a.xml").write_text(ANNOTATION.replace(CAT, CAT + CAT.replace(BOX, inner)))
    dataset = load_dataset(tmp_path)
    assert len(dataset.samples[0].target) == 1
    assert any("a.xml: object 2: box [, , , ] is no list of four numbers; left out" in line for line in told(dataset))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE a [<!ATTLIST object b CDATA "long">]>' + ANNOTATION, "declares entities"),
        (f"<all>{ANNOTATION}{ANNOTATION}</all>", "holds 2 annotations; a file for each image is needed"),
        ("<annotations><image name='a.jpg'><box/></image></annotations>", "holds <annotations>, and no <annotation>"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path, text, reason):
    with pytest.raises(BoxError, match=reason):
        read(tmp_path, text)
    write_voc(tmp_path / "set", {"a": []})
    (tmp_path / "set/Annotations/a.xml").write_text(text)
    with pytest.raises(DataError, match=rf"no XML file of an image holds an object(.|\n)*{reason}"):
        load_dataset(tmp_path / "set", format="voc")


def test_habits_are_told_with_their_number(tmp_path):
    write_voc(tmp_path, {name: [("cat", (5, 5, 1, 1)), ("dog", (1, 1, 5, 5))] for name in "abc"})
    assert f"annotations: 3 XML files have {objects.SWAPPED}: a.xml, b.xml, c.xml" in told(load_dataset(tmp_path))


@pytest.mark.parametrize(
    ("corners", "box"), [("zero_based", (0, 0, 12, 6)), ("edges", (0, 0, 11, 5)), ("pascal", (0, 0, 11, 5))]
)
def test_corners_that_count_from_0_are_read_as_stated(tmp_path, corners, box):
    """``zero_based`` names the last pixel, ``edges`` where it ends; pixel 0 of Pascal VOC's lies outside."""
    write_voc(tmp_path, {"a": [("cat", (0, 0, 11, 5))], "b": [("cat", (2, 2, 5, 5))]})
    dataset = load_dataset(tmp_path, options=LabelOptions(corners=corners))
    assert [tuple(xyxy) for xyxy in dataset.samples[0].target.xyxy] == [box]
    assert not any(objects.FROM_ZERO in line for line in told(dataset))
    first, last = {"zero_based": (2, 6), "edges": (2, 5), "pascal": (1, 5)}[corners]
    assert [tuple(xyxy) for xyxy in dataset.samples[1].target.xyxy] == [(first, first, last, last)]


def test_outlines_do_not_move_with_corners(tmp_path):
    write_voc(tmp_path, {"a": [("cat", (1, 1, 5, 5))]})
    polygon = "<polygon><x1>1</x1><y1>2</y1><x2>9</x2><y2>2</y2><x3>5</x3><y3>8</y3></polygon>"
    (tmp_path / "Annotations/a.xml").write_text(ANNOTATION.replace(BOX, polygon))
    options = LabelOptions(corners="zero_based")
    assert [tuple(box) for box in load_dataset(tmp_path, options=options).samples[0].target.xyxy] == [(1, 2, 9, 8)]


@pytest.mark.parametrize(("last", "likely"), [(12, "edges"), (11, "zero_based")])
def test_how_corners_at_0_are_likely_meant_follows_from_the_last(tmp_path, last, likely):
    write_voc(tmp_path, {"a": [("cat", (0, 0, 5, 5))], "b": [("cat", (2, 2, last, 5))]})
    assert any(objects.FROM_ZERO in line and f"data.corners={likely} " in line for line in told(load_dataset(tmp_path)))
