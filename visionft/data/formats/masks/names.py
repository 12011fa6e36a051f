"""What the name of a file says: the image it belongs to, and whether it is a mask of that.

====================================  ==========================================================================
``x_mask x-mask x_segmentation``      and the other words of ``_SUFFIX``, behind the image's name
``x_mask_1 x_mask_2``                 several masks of one image
``gt_x mask_x``                       before it
``x.jpg.png``                         the mask of ``x.jpg``
``x_leftImg8bit x_gtFine_labelIds``   what Cityscapes, and others, add to the image's name as well
====================================  ==========================================================================
"""

import re
import unicodedata
from collections.abc import Iterable
from os.path import commonprefix
from pathlib import Path
from typing import NamedTuple

from visionft.imaging import IMAGE_EXTENSIONS

_WORDS = (
    r"masks?|labels?|lab|annos?|annots?|annotations?|segs?|segmentations?|gt|ground[ _-]?truth|"
    r"trimaps?|manual\d?|mattes?"
)
_CODES = r"(?:gt(?:fine|coarse)_)?(?:labelids|labeltrainids|instanceids|instancetrainids|color)"
_SUFFIX = re.compile(
    rf"(?P<name>.+?)[ _.-]+(?P<word>{_WORDS}|{_CODES})(?P<number>[ _-]*\(?\d+\)?)?|(?P<short>.+)_(?P<letter>[lp])",
    re.IGNORECASE,
)
_ANY_WORD = re.compile(rf"[ _.-](?:{_WORDS}|{_CODES}|[lp])", re.IGNORECASE)
_BEFORE_MASKS = re.compile(rf"(?:{_WORDS})[ _.-]+(?=.)", re.IGNORECASE)
_BEFORE_IMAGES = re.compile(r"(?:images?|img|im|rgb|photo)[ _.-]+(?=.)", re.IGNORECASE)
_BEHIND_IMAGES = re.compile(
    r"(?<=.)[ _.-]+(?:images?|img|im|rgb|raw|sat|photo|leftimg8bit|training|test)$", re.IGNORECASE
)
_NO_CLASSES = ("color", "instanceids", "instancetrainids")
"""Words of files that show the same as the masks beside them, but hold no classes."""
_RATHER = ("labeltrainids", "labelids")
"""Where an image has masks of several words, these go first: what the data's own tools made for training."""


class MaskName(NamedTuple):
    """What a mask is called.

    Attributes:
        name: the image's part.
        word: what says that it is a mask; empty where nothing does.
    """

    name: str
    word: str = ""

    @property
    def rank(self) -> tuple[bool, bool, int, str]:
        """What is taken first where there are masks of several words: none, which is the image's very name."""
        last = self.word.rpartition("_")[2]
        return self.word != "", last in _NO_CLASSES, _RATHER.index(last) if last in _RATHER else len(_RATHER), self.word


def key_of(file: Path, folder: Path) -> str:
    """Return the path of a file below a folder, without its ending; accents are letters, however they are stored."""
    return unicodedata.normalize("NFC", file.relative_to(folder).with_suffix("").as_posix())


def without_image_ending(key: str) -> str:
    """Return ``x`` of ``x.jpg``, which is left of the mask ``x.jpg.png``."""
    stem, dot, ending = key.rpartition(".")
    return stem if dot and f".{ending.lower()}" in IMAGE_EXTENSIONS else key


def any_may_be_mask(files: Iterable[Path]) -> bool:
    """Return whether a file may have a mask's word behind an image's name: a quick look, before they are paired."""
    return any(_ANY_WORD.search(file.name) for file in files)


def split_suffix(key: str) -> MaskName | None:
    """Return what a file is called that has a mask's word behind the image's name; None of others."""
    found = _SUFFIX.fullmatch(without_image_ending(key))
    if found is None:
        return None
    word = (found["word"] or found["letter"]).casefold()
    return MaskName(without_image_ending(found["name"] or found["short"]), word)


def plain_image(key: str) -> str:
    """Return the name of an image without what stands before or behind it."""
    folder, slash, name = key.rpartition("/")
    return folder + slash + _BEHIND_IMAGES.sub("", _BEFORE_IMAGES.sub("", name, count=1))


def plain_mask(key: str) -> MaskName:
    """Return what a mask is called, whose word may stand before the image's name."""
    found = split_suffix(key) or MaskName(without_image_ending(key))
    folder, slash, name = found.name.rpartition("/")
    plain = _BEFORE_MASKS.sub("", name, count=1)
    word = found.word or name[: len(name) - len(plain)].rstrip(" _.-").casefold()
    return MaskName(plain_image(folder + slash + plain), word)


def differing_part(keys: Iterable[str]) -> dict[str, str]:
    """Return key -> what is left of it without the words that all keys begin and end with."""
    keys = list(keys)
    first = re.sub(r"[^ _.-]*$", "", shared_start(keys))
    last = re.sub(r"^[^ _.-]*", "", shared_start([key[::-1] for key in keys])[::-1])
    rests = {key: key.removeprefix(first) for key in keys}
    return {key: rest.removesuffix(last) if len(rest) > len(last) else rest for key, rest in rests.items()}


def shared_start(names: list[str]) -> str:
    """Return the letters that all names begin with."""
    return str(commonprefix(names))  # noqa: RUF071  # of letters in names, not of folders in paths
