"""The classes of mask files: as the user says, from a file of names beside them, or from their values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.data.formats.masks.class_files import find_class_file
from visionft.data.formats.masks.coding import Coding, is_by_colour, make_coding, pack
from visionft.data.formats.masks.derived import derive, thresholded
from visionft.data.formats.masks.look import Scan, joined, look_at, scan
from visionft.data.formats.masks.source import may_exceed_8_bits, read_palette, read_stored
from visionft.data.listing import Classes, Colour, LabelOptions
from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.errors import DataError

_OF_TWO = ((0, 0), (1, 1), (IGNORE, IGNORE))  # the table of two names without values
_OF_BLACK_AND_WHITE = (((0, 0), (IGNORE, 1)), ((0, 1), (IGNORE, 0)))
_PEEK = 20  # so many masks are not all black where the others have colours


def find_coding(masks: Sequence[Path], root: Path, options: LabelOptions, problems: list[Problem]) -> Coding:
    """Find the classes that the values of mask files stand for.

    Args:
        masks: the files, at least one.
        root: the folder in which a file of classes is looked for, and in the folders between it and the masks.
        options: what the user says, which comes first.
        problems: grows by what was taken for granted.

    Raises:
        DataError: when nothing says what the values mean.
    """
    if options.classes is not None:
        return _named(options.classes, masks, options, problems)
    if (found := find_class_file(_folders(masks, root))) is not None:
        return _from_file(*found, masks, options, problems)
    return derive(_seen(masks), str(masks[0].parent), options, problems)


def find_coding_in_memory(
    masks: Sequence[NDArray[np.generic]], options: LabelOptions, problems: list[Problem]
) -> Coding:
    """Say what the values of masks in memory stand for; arguments and errors as of ``find_coding``."""
    seen = joined([look_at(mask_HW) for mask_HW in masks])
    if options.classes is None:
        return derive(seen, "labels", options, problems)
    coding = make_coding(options.classes, options.ignore)
    if options.mask_threshold is not None:
        return thresholded(coding, options.mask_threshold)
    return _of_two(coding, seen, "labels", problems)


def find_palette(masks: Sequence[Path], coding: Coding) -> tuple[Colour, ...]:
    """Return the classes' own colours, nothing where they have none or a palette does not tell them apart."""
    if coding.palette or coding.threshold is not None:
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


def _folders(masks: Sequence[Path], root: Path) -> list[Path]:
    """Return the data's folder, and those between it and the masks, in order of depth."""
    found = {root}
    for folder in {mask.parent for mask in masks}:
        if folder.is_relative_to(root):
            found.update(
                root / folder.relative_to(root).parents[at] for at in range(len(folder.relative_to(root).parents))
            )
            found.add(folder)
    return sorted(found, key=lambda folder: (len(folder.parts), folder))


def _seen(masks: Sequence[Path]) -> Scan:
    """Look into masks; where only their transparency differs, into that."""
    seen = scan(masks)
    if len(seen.codes) > 1 or seen.lossy:
        return seen
    try:
        hidden = scan(masks, alpha=True)
    except DataError:
        return seen
    return replace(hidden, alpha=True) if len(hidden.codes) > 1 else seen


def _named(classes: Classes, masks: Sequence[Path], options: LabelOptions, problems: list[Problem]) -> Coding:
    coding = make_coding(classes, options.ignore)
    if options.mask_threshold is not None:
        return replace(thresholded(coding, options.mask_threshold), alpha=_seen(masks[:_PEEK]).alpha)
    _check_depth(coding, masks)
    if coding.table in (_OF_TWO, *_OF_BLACK_AND_WHITE):
        return _of_two(coding, _seen(masks), str(masks[0].parent), problems)
    return coding if coding.colours else replace(coding, alpha=_seen(masks[:_PEEK]).alpha)


def _of_two(coding: Coding, seen: Scan, where: str, problems: list[Problem]) -> Coding:
    """Return how masks of two values tell the two classes; another coding as it is."""
    if coding.table not in (_OF_TWO, *_OF_BLACK_AND_WHITE) or not _tells_two(seen):
        return coding
    found: list[Problem] = []
    by_values = derive(seen, where, LabelOptions(), found)
    if len(by_values.names) != len(coding.names) or by_values.colours:
        return coding
    problems += [problem for problem in found if problem.where != "classes"]
    if coding.table != _OF_TWO:  # the values that were given say which is which
        low, high = (label for _, label in coding.table)
        return replace(
            by_values, names=coding.names, table=tuple((code, (low, high)[label]) for code, label in by_values.table)
        )
    return replace(by_values, names=coding.names)


def _tells_two(seen: Scan) -> bool:
    """Return whether masks say by themselves which of two values is what, other than as 0 and 1."""
    return seen.is_binary or seen.alpha or seen.mixes_two_codes() or seen.two_heaps() is not None


def _from_file(
    file: Path, classes: Classes, masks: Sequence[Path], options: LabelOptions, problems: list[Problem]
) -> Coding:
    """Return a coding of what a file beside the masks says."""
    if isinstance(classes, Mapping):
        if not all(map(is_by_colour, classes.values())):
            return _named(classes, masks, options, problems)
        if _shown_in(classes, masks[:_PEEK]):
            return _named(classes, masks, options, problems)
        colours = make_coding(classes).palette  # the masks hold the numbers of the lines instead
        return replace(_named(tuple(classes), masks, options, problems), palette=colours)
    names = tuple(classes)
    if len(names) == 1 or (options.mask_threshold is None and _lack_background(names, _seen(masks))):
        what = f"{file.name} names {some(names, 20)}, and the masks have a value more; 0 is taken for background"
        problems.append(Problem("classes", f"{what}; data.classes says otherwise"))
        names = ("background", *names)
    return _named(names, masks, options, problems)


def _lack_background(names: Sequence[str], seen: Scan) -> bool:
    """Return whether names count the values from 1 on, as tools do that leave the background unnamed."""
    values = seen.codes - {IGNORE}
    plain = not seen.in_colour and not seen.lossy and bool(values)
    return (
        plain
        and max(values) == len(names)
        and 0 in values
        and names[0].casefold() not in ("background", "_background_")
    )


def _shown_in(classes: Mapping[str, object], masks: Sequence[Path]) -> bool:
    """Return whether masks show the colours of classes, as RGB or by their palette."""
    if scan(masks).in_colour:
        return True
    known = {code for code, _ in make_coding(classes).table}  # type: ignore[arg-type]  # checked to be colours
    try:
        shown = set().union(*(np.unique(pack(read_stored(mask, colours=True))).tolist() for mask in masks))
    except DataError:  # told when every mask is read
        return False
    return len(shown) > 1 and shown <= known


def _check_depth(coding: Coding, masks: Sequence[Path]) -> None:
    """Refuse values that no mask can hold; ``classes`` of sparse ids are easily given in another file's numbers."""
    too_large = [code for code, _ in coding.table if code > IGNORE]
    if coding.colours or not too_large or any(map(may_exceed_8_bits, masks)):
        return
    raise DataError(
        f"data.classes or data.ignore: the value {too_large[0]} is in no mask, which have 8 bits ({masks[0].name}); "
        f"their values are 0..{IGNORE}"
    )
