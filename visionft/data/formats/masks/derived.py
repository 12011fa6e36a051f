"""The classes of masks that nobody described, from what they hold; what cannot be known is asked for."""

from collections.abc import Iterable
from dataclasses import replace

from visionft.annotations.marks import IGNORE
from visionft.data.formats.masks.coding import JPEG_ADVICE, MANY, Coding, make_coding, unpack
from visionft.data.formats.masks.look import Scan
from visionft.data.listing import LabelOptions, Value
from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.errors import DataError

_TWO = ("background", "foreground")
_MANY_COLOURS = 16  # in one mask, of which smooth edges have more
_MOSTLY = 0.6  # part of the pixels; a foreground of more is worth a word
_NOT_MASKS = (
    "these are pictures (of classes: give data.format: folder) or were smoothed by resizing or JPEG compression"
)


def thresholded(coding: Coding, threshold: float, *, alpha: bool = False) -> Coding:
    """Return a coding of the same two classes, of which values from the threshold on are the second.

    Raises:
        DataError: when there are not two.
    """
    if len(coding.names) != 2 or coding.colours:
        raise DataError(
            f"data.mask_threshold makes two classes, but data.classes gives {len(coding.names)}"
            f"{' by colour' if coding.colours else ''} ({some(coding.names)}); give two names, or no threshold"
        )
    of_values = sorted((code, label) for code, label in coding.table if label != IGNORE)
    return Coding(coding.names, (of_values[0], of_values[-1]), threshold=threshold, alpha=alpha)


def derive(seen: Scan, where: str, options: LabelOptions, problems: list[Problem]) -> Coding:
    """Return the classes that masks show by themselves.

    Args:
        seen: what they hold.
        where: whose masks, for messages.
        options: what is ignored, and the threshold.
        problems: grows by what was taken for granted.

    Raises:
        DataError: when nobody can tell; it says which line makes them readable.
    """
    if options.mask_threshold is not None:
        return thresholded(make_coding(_TWO), options.mask_threshold, alpha=seen.alpha)
    exact = seen.exact()
    if exact.looks and not exact.is_binary and exact.two_heaps() is None:
        seen = exact  # which say what classes there are; JPEGs among them are refused one by one
    if any(look.fractions for look in seen.looks):
        raise DataError(
            f"{where}: the masks hold fractions; where they say how likely the foreground is, set "
            f"data.mask_threshold: 0.5; if there are more classes, {JPEG_ADVICE}"
        )
    if (between := seen.two_heaps()) is not None:
        return _two_heaps(seen, between, problems)
    _refuse_smoothed(seen, where)
    coding = make_coding(_classes(seen, where, options, problems), options.ignore)
    _tell(coding, seen, problems)
    return replace(coding, alpha=seen.alpha)


def _two_heaps(seen: Scan, between: float, problems: list[Problem]) -> Coding:
    threshold = (seen.largest() + 1) // 2
    what = (
        f"the {len(seen.codes)} values are two, black and white, changed by compression or resizing ({between:.1%} of "
        f"the pixels lie between): from {threshold} on they are foreground; data.mask_threshold sets another limit, "
        "data.classes says which values are classes"
    )
    problems.append(Problem("masks", what))
    coding = thresholded(make_coding(_TWO), threshold, alpha=seen.alpha)
    _tell(coding, seen, problems)
    return coding


def _refuse_smoothed(seen: Scan, where: str) -> None:
    """Refuse masks whose values are none of classes."""
    half = (seen.largest() + 1) // 2
    two = f"if they show two classes, set data.mask_threshold: {half}"
    if seen.lossy:
        raise DataError(
            f"{where}: the masks are JPEGs of {len(seen.codes)} values, whose compression changes values, and do not "
            f"look black and white; {two}; if more, {JPEG_ADVICE}; if these are pictures in folders of classes, give "
            "data.format: folder"
        )
    if 2 * seen.along_edges() > len(seen.codes):
        codes = sorted(seen.codes)
        mapping = f": data.classes: {_mapping(codes, colours=seen.in_colour)}" if len(codes) <= MANY else ""
        raise DataError(
            f"{where}: the masks hold {len(codes)} different values, most of them along edges only, as JPEG "
            f"compression or smooth resizing leave them; {two}; if more, {JPEG_ADVICE}; if these are pictures in "
            f"folders of classes, give data.format: folder; if all are classes, say so in data.classes{mapping}"
        )


def _classes(
    seen: Scan, where: str, options: LabelOptions, problems: list[Problem]
) -> dict[str, int | tuple[Value, ...]]:
    if seen.in_colour:
        return _by_colour(seen, where, options)
    codes = seen.codes
    if seen.mixes_two_codes():
        what = "some masks hold 0 and 1, others 0 and 255; 1 and 255 are taken for the same class"
        problems.append(Problem("masks", f"{what}; data.classes says otherwise"))
        return {_TWO[0]: 0, _TWO[1]: (1, 255)}
    if (seen.is_binary and IGNORE not in options.ignore) or (seen.alpha and codes == {0, 255}):
        return {_TWO[0]: 0, _TWO[1]: 255}
    values = sorted(codes - {IGNORE, *(value for value in options.ignore if isinstance(value, int))})
    if not values:
        raise DataError(
            f"{where}: the masks hold {some(map(str, sorted(codes)))} only, which is ignored, so nothing "
            "is labelled; if it is a class, give its value in data.classes, such as {road: 255}, and take it out "
            "of data.ignore; otherwise look whether these are the right masks"
        )
    if len(values) > MANY:
        shown = some(map(str, values))
        raise DataError(f"{where}: the masks hold {len(codes)} different values: {shown}; {_advice(seen)}")
    return {f"class {value}": value for value in values}


def _by_colour(seen: Scan, where: str, options: LabelOptions) -> dict[str, int | tuple[Value, ...]]:
    """Return classes named after colours, where these have an order; else ask."""
    codes = sorted(seen.codes)
    if len(codes) == 2 and 0 in codes:
        return {_TWO[0]: (0, 0, 0), _TWO[1]: unpack(codes[1])}
    ignored = {value for value in options.ignore if not isinstance(value, int)}
    colours = [colour for code in codes if (colour := unpack(code)) not in ignored]
    used = [channel for channel in range(3) if any(colour[channel] for colour in colours)]
    if len(used) == 1 and len(colours) <= MANY:  # values in red alone, say
        return {f"class {colour[used[0]]}": colour for colour in colours}
    shown = some(str(list(unpack(code))) for code in codes)
    raise DataError(f"{where}: the masks hold {len(codes)} different colours, such as {shown}; {_advice(seen)}")


def _advice(seen: Scan) -> str:
    codes = sorted(seen.codes)
    mapping = _mapping(codes[:MANY], colours=seen.in_colour)
    say = f"say in data.classes what they stand for, such as data.classes: {mapping}"
    if seen.in_colour and len(codes) <= MANY:
        say += ", or put a labelmap.txt of lines name:red,green,blue:: beside them"
    two = f"for two classes, set data.mask_threshold: {(seen.largest() + 1) // 2}, else"
    return (
        f"if they are classes, {say}; if not, {_NOT_MASKS}: {two} {JPEG_ADVICE}"
        if seen.most > (_MANY_COLOURS if seen.in_colour else MANY)
        else say
    )


def _mapping(codes: Iterable[int], *, colours: bool) -> str:
    """Return what may be written in a recipe, with names to be replaced."""
    values = [list(unpack(code)) if colours else code for code in codes]
    return "{" + ", ".join(f"class {number}: {value}" for number, value in enumerate(values)) + "}"


def _tell(coding: Coding, seen: Scan, problems: list[Problem]) -> None:
    if seen.alpha:
        what = "all have one colour, and differ in their transparency, which is read; data.classes names its values"
        problems.append(Problem("masks", what))
    plain = coding.threshold is None and not seen.in_colour and not seen.is_binary
    remark = " (255 is ignored)" if plain and (IGNORE, IGNORE) in coding.table and IGNORE in seen.codes else ""
    if seen.is_binary and coding.names == _TWO:
        remark = " 0 and 255, which are black and white (255 as what nobody labelled is: data.ignore: [255])"
    what = f"named {some(coding.names, 20)} after the masks' values{remark}; give data.classes their names"
    problems.append(Problem("classes", what))
    if coding.names != _TWO or coding.colours:
        return
    pixels, limit = seen.pixels(), coding.threshold or 1
    foreground = sum(count for value, count in pixels.items() if value >= limit) / max(1, pixels.total())
    if foreground > _MOSTLY:
        what = (
            f"{foreground:.0%} of the pixels are white, the foreground; if objects are black, set data.classes: "
            "{background: 255, foreground: 0}"
        )
        problems.append(Problem("classes", what))
