import pytest

from visionft.data.texts import decode_text, read_text
from visionft.errors import DataError


@pytest.mark.parametrize(
    ("data", "text", "guessed"),
    [
        ("0 0.5\r\n".encode("utf-8-sig"), "0 0.5\r\n", ""),
        ("红\n".encode(), "红\n", ""),
        ("红 0.5".encode("utf-16"), "红 0.5", ""),
        ("1 0.5 0.5".encode("utf-16-le"), "1 0.5 0.5", "UTF-16"),
        ("1 0.5 0.5".encode("utf-16-be"), "1 0.5 0.5", "UTF-16"),
        ("红 0.5\n蓝色 0.5".encode("gbk"), "红 0.5\n蓝色 0.5", "GBK"),
        ("rosé, Müller, été".encode("latin-1"), "rosé, Müller, été", "Windows-1252"),
        (b"", "", ""),
    ],
)
def test_encodings_are_found(tmp_path, data, text, guessed):
    assert decode_text(data) == (text, guessed)
    (tmp_path / "a.txt").write_bytes(data)
    assert read_text(tmp_path / "a.txt") == (text, guessed)


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"PK\x03\x04\0\0\0\0\0x", b"\0"])
def test_what_is_no_text_is_refused(tmp_path, data):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.txt: is not text \("):
        read_text(tmp_path / "a.txt")


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_text(tmp_path / "a.txt")
