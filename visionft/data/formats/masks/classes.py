"""The classes of mask files: as the user says, from a file of names beside them, or from their values."""

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.data.formats.masks.coding import JPEG_ADVICE, MANY, Coding, make_coding, pack, unpack
from visionft.data.formats.masks.source import may_exceed_8_bits, read_palette, read_stored
from visionft.data.listing import Classes, Colour, LabelOptions
from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.errors import DataError

_NAME_FILES = ("classes.txt", "labels.txt", "codes.txt")
_COLOUR_FILE = "label_colors.txt"
_BINARY = {0, 255}
_OF_TWO = ((0, 0), (1, 1), (IGNORE, IGNORE))  # the table of two names without values
_PEEK = 20  # so many masks are not all black where the others have colours
_SHOWN = 5
_NOT_MASKS = (
    "these are pictures (of classes: give data.format: folder) or were smoothed by resizing or JPEG compression"
)


@dataclass(frozen=True, slots=True)
class _Scan:
    """What masks hold.

    Attributes:
        codes: of all masks.
        in_colour: whether the codes are colours.
        most: different codes in one mask, at most; many say that it is a picture.
    """

    codes: set[int]
    in_colour: bool
    most: int

    @property
    def is_binary(self) -> bool:
        """Whether the masks are in black and white."""
        return not self.in_colour and self.codes == _BINARY


def find_coding(masks: Sequence[Path], root: Path, options: LabelOptions, problems: list[Problem]) -> Coding:
    """Find the classes that the values of mask files stand for.

    Args:
        masks: the files, at least one.
        root: the folder in which ``classes.txt``, ``labels.txt`` or ``codes.txt`` (a name a line, in order of
            value) or ``label_colors.txt`` (lines of ``r g b name``) is looked for.
        options: what the user says, which comes first.
        problems: grows by what was taken for granted.

    Raises:
        DataError: when nothing says what the values mean.
    """
    if options.classes is not None:
        return _named(options.classes, masks, options)
    if (root / _COLOUR_FILE).is_file():
        return _coloured(root / _COLOUR_FILE, masks, options)
    for name in _NAME_FILES:
        if (root / name).is_file():
            return _named(tuple(line for line in _lines(root / name) if line), masks, options)
    return _derived(_scan(masks), str(masks[0].parent), options, problems)


def find_coding_in_memory(
    masks: Sequence[NDArray[np.generic]], options: LabelOptions, problems: list[Problem]
) -> Coding:
    """Say what the values of masks in memory stand for; arguments and errors as of ``find_coding``."""
    codes = [set(np.unique(mask_HW).tolist()) for mask_HW in masks]
    scan = _Scan(set().union(*codes), False, max(map(len, codes)))
    if options.classes is None:
        return _derived(scan, "labels", options, problems)
    return _in_black_and_white(make_coding(options.classes, options.ignore), scan)


def find_palette(masks: Sequence[Path], coding: Coding) -> tuple[Colour, ...]:
    """Return the classes' own colours, nothing where they have none or a palette does not tell them apart."""
    if coding.palette:
        return coding.palette
    try:
        colours = read_palette(masks[0])
    except OSError:  # told when every mask is read
        return ()
    first = {label: value for value, label in reversed(coding.table)}
    values = [first[label] for label in range(len(coding.names))]
    if colours is None or max(values) >= len(colours):
        return ()
    palette = tuple((int(red), int(green), int(blue)) for red, green, blue in colours[values])
    is_grey = all(len(set(colour)) == 1 for colour in palette)
    return () if is_grey or len(set(palette)) < len(palette) else palette


def _named(classes: Classes, masks: Sequence[Path], options: LabelOptions) -> Coding:
    coding = make_coding(classes, options.ignore)
    _check_depth(coding, masks)
    return _in_black_and_white(coding, _scan(masks)) if coding.table == _OF_TWO else coding


def _in_black_and_white(coding: Coding, scan: _Scan) -> Coding:
    """Return a coding of two names for masks in black and white; any other one as it is."""
    return replace(coding, table=((0, 0), (IGNORE, 1))) if coding.table == _OF_TWO and scan.is_binary else coding


def _check_depth(coding: Coding, masks: Sequence[Path]) -> None:
    """Refuse values that no mask can hold; ``classes`` of sparse ids are easily given in another file's numbers."""
    too_large = [code for code, _ in coding.table if code > IGNORE]
    if coding.colours or not too_large or any(map(may_exceed_8_bits, masks)):
        return
    raise DataError(
        f"data.classes or data.ignore: the value {too_large[0]} is in no mask, which have 8 bits ({masks[0].name}); "
        f"their values are 0..{IGNORE}"
    )


def _coloured(file: Path, masks: Sequence[Path], options: LabelOptions) -> Coding:
    classes: dict[str, Colour] = {}
    for number, line in enumerate(_lines(file), start=1):
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(r"(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})[\s,]+(.+)", line)
        if found is None:
            raise DataError(f"{file}:{number}: found {line[:80]!r}; expected red, green, blue and a name")
        classes[found[4]] = (int(found[1]), int(found[2]), int(found[3]))
    if _scan(masks[:_PEEK]).in_colour:
        return make_coding(classes, options.ignore)
    return replace(make_coding(tuple(classes), options.ignore), palette=tuple(classes.values()))


def _lines(file: Path) -> list[str]:
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8 text ({error.reason}); save it as UTF-8") from error


def _derived(scan: _Scan, where: str, options: LabelOptions, problems: list[Problem]) -> Coding:
    codes = scan.codes
    classes: dict[str, int | Colour]
    if scan.in_colour and len(codes) == 2 and 0 in codes:
        classes = {"background": (0, 0, 0), "foreground": unpack(max(codes))}
    elif scan.in_colour:
        shown = some(str(list(unpack(code))) for code in sorted(codes))
        raise DataError(f"{where}: the masks hold {len(codes)} different colours, such as {shown}; {_advice(scan)}")
    elif scan.is_binary:
        classes = {"background": 0, "foreground": 255}
    else:
        values = sorted(codes - {IGNORE, *(value for value in options.ignore if isinstance(value, int))})
        if not values:
            raise DataError(
                f"{where}: the masks hold {some(map(str, sorted(codes)))} only, which is ignored, so nothing "
                "is labelled; if it is a class, give its value in data.classes, such as {road: 255}, and take it out "
                "of data.ignore; otherwise look whether these are the right masks"
            )
        if len(values) > MANY:
            shown = some(map(str, values))
            raise DataError(f"{where}: the masks hold {len(codes)} different values: {shown}; {_advice(scan)}")
        classes = {f"class {value}": value for value in values}
    what = f"named {some(classes, 20)} after the masks' values; give data.classes their names"
    problems.append(Problem("classes", what))
    return make_coding(classes, options.ignore)


def _advice(scan: _Scan) -> str:
    say = "say in data.classes what they stand for, such as {road: 7, sky: 23} or {road: [128, 64, 128]}"
    return f"if they are classes, {say}; if not, {_NOT_MASKS}: {JPEG_ADVICE}" if scan.most > MANY else say


def _scan(masks: Sequence[Path]) -> _Scan:
    """Look into all masks that can be read."""
    found: list[tuple[set[int], bool]] = []
    bad: list[str] = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:  # decoding happens outside Python's lock
        for outcome in pool.map(_codes, masks):
            if isinstance(outcome, DataError):
                bad.append(str(outcome))
            else:
                found.append(outcome)
    if not found:
        nothing = "no mask can be read; if these are pictures in folders of classes, give data.format: folder"
        raise DataError("\n".join([nothing, *bad[:_SHOWN]]))
    in_colour = any(colours for _, colours in found)
    grey = 0x010101 if in_colour else 1  # a mask without colours among those with them is black, white or grey
    together = {code if colours else code * grey for codes, colours in found for code in codes}
    return _Scan(together, in_colour, max(len(codes) for codes, _ in found))


def _codes(mask: Path) -> tuple[set[int], bool] | DataError:
    try:
        stored = read_stored(mask)
    except DataError as error:
        return error
    return set(np.unique(pack(stored)).tolist()), stored.ndim == 3
