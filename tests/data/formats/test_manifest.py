import pytest

from visionft.data.formats.manifest import Manifest
from visionft.errors import DataError


def read(folder, text, encoding="utf-8"):
    path = folder / "images.csv"
    path.write_bytes(text.encode(encoding))
    return Manifest().read(path)


def rows(listing):
    return [(entry.id, entry.target.name, entry.split) for entry in listing.entries]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_delimiters_line_ends_and_byte_order_marks(tmp_path, delimiter, newline, mark):
    lines = ["path,label,split", "a/1.png,cat,train", "a/2.png,dog,valid", "b.png,cat,", ""]
    listing = read(tmp_path, mark + newline.join(lines).replace(",", delimiter))
    assert rows(listing) == [("a/1.png", "cat", "train"), ("a/2.png", "dog", "val"), ("b.png", "cat", None)]
    assert listing.entries[0].image == tmp_path / "a/1.png"
    assert listing.class_names == ("cat", "dog")


def test_columns_in_any_order_and_case_and_more_of_them(tmp_path):
    listing = read(tmp_path, 'Label;"Path";note\n10;x.png;"a;b"\n9;"y;z.png";\n')
    assert rows(listing) == [("x.png", "10", None), ("y;z.png", "9", None)]
    assert listing.class_names == ("9", "10")


def test_quotes(tmp_path):
    listing = read(tmp_path, 'path,label\n"a, b.png","say ""hi"""\n')
    assert rows(listing) == [("a, b.png", 'say "hi"', None)]


def test_paths_from_windows_and_roundabout_paths_and_absolute_ones(tmp_path):
    listing = read(tmp_path, "path,label\nsub\\1.png,a\n./sub//2.png,a\n/abs/3.png,b\n")
    assert [entry.id for entry in listing.entries] == ["sub/1.png", "sub/2.png", "/abs/3.png"]
    assert str(listing.entries[2].image) == "/abs/3.png"


def test_the_first_of_two_lines_counts(tmp_path):
    listing = read(tmp_path, "path,label\n1.png,a\n1.png,b\n./1.png,a\n")
    assert rows(listing) == [("1.png", "a", None)]
    lines = [str(problem) for problem in listing.problems]
    assert any("listed again; the first line counts: 1.png (line 4)" in line for line in lines)
    assert any("1.png (line 3: 'b', first 'a')" in line and "task.kind=multilabel" in line for line in lines)


def test_bad_lines_are_left_out_and_told_with_their_numbers(tmp_path):
    listing = read(tmp_path, 'path,label,split\n,cat,\n"1\n.png",cat,\n2.png,,\n\n3.png,cat,dev\n4.png\n')
    assert rows(listing) == [("1\n.png", "cat", None), ("3.png", "cat", "val")]
    lines = [str(problem) for problem in listing.problems]
    assert any("1 row names no image; left out: line 2" in line for line in lines)
    assert any("2 rows have no label; left out: line 5, 8" in line for line in lines)


def test_many_bad_lines_are_cut_short(tmp_path):
    listing = read(tmp_path, "path,label\n0.png,a\n" + "x.png,\n" * 50)
    assert any(str(problem).endswith("line 3, 4, 5, 6, 7 and 45 more") for problem in listing.problems)


@pytest.mark.parametrize("text", ["", "thing,kind\none,a\n", "1.png,a\n"])
def test_missing_columns_are_told(tmp_path, text):
    with pytest.raises(
        DataError, match=r"images.csv:1: the first line is .* must (name the columns|be) path and label"
    ):
        read(tmp_path, text)


def test_an_open_quote_is_told(tmp_path):
    with pytest.raises(DataError, match=r"images.csv:3: .*check the quotes"):
        read(tmp_path, 'path,label\n1.png,a\n"2.png,b\n')


def test_other_encodings_are_read_and_told(tmp_path):
    listing = read(tmp_path, "path,label\nGröße.png,a\n", encoding="latin-1")
    assert rows(listing) == [("Größe.png", "a", None)]
    assert any("was read as Windows-1252, as in 'Größe.png,a'" in str(problem) for problem in listing.problems)
    assert rows(read(tmp_path, "path,label\nGröße.png,a\n", encoding="utf-16")) == [("Größe.png", "a", None)]
    with pytest.raises(DataError, match=r"is not UTF-8 text.*save it as CSV UTF-8"):
        read(tmp_path, "path,label\nキー.png,a\n", encoding="shift_jis")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match="no such file; give a CSV with columns path,label"):
        Manifest().read(tmp_path / "absent.csv")
