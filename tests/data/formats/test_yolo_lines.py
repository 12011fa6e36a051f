import pytest

from visionft.data.checks.bad_files import BoxError
from visionft.data.formats.yolo import lines
from visionft.data.formats.yolo.lines import read_label_file

BOX = (0.5, 0.25, 0.2, 0.1)


def read(tmp_path, text, encoding="utf-8"):
    file = tmp_path / "a.txt"
    file.write_bytes(text.encode(encoding))
    return read_label_file(file)


@pytest.mark.parametrize(
    ("text", "habits"),
    [
        ("1 0.5 0.25 0.2 0.1", ()),
        ("  1\t0.5\t0.25 0.2  0.1 \t\r\n\r\n", ()),
        ("1.0 5e-1 2.5E-1 .2 0.10000", ()),
        ("1,0.5,0.25,0.2,0.1", (lines.COMMAS,)),
        ("1, 0.5, 0.25, 0.2, 0.1", (lines.COMMAS,)),
        ("1 0,5 0,25 0,2 0,1", (lines.DECIMAL_COMMAS,)),
        ("1;0,5;0,25;0,2;0,1", (lines.DECIMAL_COMMAS, lines.SEMICOLONS)),
        ("1;0.5;0.25;0.2;0.1;", (lines.SEMICOLONS,)),
        ("# by hand\n1 0.5 0.25 0.2 0.1 # sure", (lines.COMMENTS,)),
        ("class x y width height\n1 0.5 0.25 0.2 0.1", (lines.HEADER,)),
    ],
)
def test_separators_and_comments(tmp_path, text, habits):
    found = read(tmp_path, text)
    assert [(line.category, line.numbers, line.fault) for line in found.lines] == [(1, BOX, "")]
    assert found.habits == set(habits)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dog 0.5 0.25 0.2 0.1", "dog"),
        ("traffic light 0.5 0.25 0.2 0.1", "traffic light"),
        ("'a b' 0.5 0.25 0.2 0.1", "a b"),
    ],
)
def test_names_in_the_place_of_numbers(tmp_path, text, name):
    assert [(line.category, line.numbers) for line in read(tmp_path, text).lines] == [(name, BOX)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_encodings(tmp_path, encoding):
    assert [line.numbers for line in read(tmp_path, "1 0.5 0.25 0.2 0.1\n", encoding).lines] == [BOX]


def test_lines_of_dota(tmp_path):
    text = "imagesource:GoogleEarth\ngsd:0.146\n10 10 50 10 50 30 10 30 small-vehicle 1\n1 2 3 4 5 6 7 8 ship 0\n"
    found = read(tmp_path, text)
    assert found.habits == {lines.DOTA}
    assert [(line.category, line.crowd, line.numbers[:3]) for line in found.lines] == [
        ("small-vehicle", True, (10, 10, 50)),
        ("ship", False, (1, 2, 3)),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0 0.5 x 0.2 0.1", "not made of numbers"),
        ("-1 0.5 0.25 0.2 0.1", "begin with a class number"),
        ("0.5 0.5 0.25 0.2 0.1", "begin with a class number"),
        ("0 0.5, x, 1", "not made of numbers"),
    ],
)
def test_what_nobody_can_read_keeps_its_line(tmp_path, text, fault):
    first, second = read(tmp_path, f"1 0.5 0.25 0.2 0.1\n{text}").lines
    assert (first.fault, second.number, second.text) == ("", 2, text)
    assert fault in second.fault


def test_a_line_of_words_alone_is_no_header(tmp_path):
    (line,) = read(tmp_path, "a photo of a dog").lines
    assert "not made of numbers" in line.fault


def test_what_is_no_text_is_told(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"PK\3\4\0\0\0\0\0")
    with pytest.raises(BoxError, match=r"a\.txt: is not text"):
        read_label_file(tmp_path / "a.txt")
