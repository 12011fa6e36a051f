"""Text files whose encoding nobody names."""

import re
from pathlib import Path
from typing import NamedTuple

from visionft.errors import DataError
from visionft.imaging.regular_file import read_regular_file

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_PAIRS = re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+")  # characters of GB 2312
_FOREIGN = re.compile(rb"[\x80-\xff]+")


class Text(NamedTuple):
    """What a file says.

    Attributes:
        text: of the whole file.
        guessed: the encoding, as people call it, where it is a guess; empty where the bytes prove it.
    """

    text: str
    guessed: str = ""


def read_text(path: Path) -> Text:
    """Return the text of a file: UTF-8, UTF-16, or else what its bytes suggest.

    Raises:
        DataError: when it cannot be read, or is no text.
    """
    try:
        return decode_text(read_regular_file(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # a UnicodeError is one
        raise DataError(f"{path}: is not text ({getattr(error, 'reason', error)})") from error


def decode_text(data: bytes) -> Text:
    """Return the text that bytes stand for.

    Raises:
        ValueError: when they are no text.
    """
    if data[:2] in _MARKS:
        return Text(data.decode(_MARKS[data[:2]]))
    if b"\0" in data:
        if len(data) % 2 == 0 and data[::2].count(0) in (0, len(data) // 2) and data.count(0) > len(data) // 4:
            order = "utf-16-be" if data[0] == 0 else "utf-16-le"
            return Text(data.decode(order), "UTF-16")
        raise ValueError("it holds zero bytes")
    try:
        return Text(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        pairs = all(_PAIRS.fullmatch(run) for run in _FOREIGN.findall(data))
        encoding, name = ("gb18030", "GBK") if pairs else ("cp1252", "Windows-1252")
        return Text(data.decode(encoding, errors="replace"), name)
