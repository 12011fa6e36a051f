"""Images and masks linked by two patterns that the user gives."""

import re
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path, PurePosixPath

from visionft.data.formats.masks.names import shared_start
from visionft.data.formats.masks.pairing import Pair, report_alone
from visionft.data.naming import split_above
from visionft.data.records import Problem
from visionft.data.walk import images_below
from visionft.errors import DataError

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\{name\}|.", re.DOTALL)
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def pairs_by_pattern(root: Path, images: str, masks: str, problems: list[Problem]) -> list[Pair]:
    """Pair the files below a folder; a file that matches both patterns is a mask.

    Args:
        root: the folder that the patterns begin at.
        images: a path with ``*`` (any text in one name), ``**/`` (any folders), ``?`` (any letter), and ``{name}``,
            which may reach over folders; upper and lower case are the same.
        masks: the same for the masks.
        problems: grows by the files that have no partner; they are left out.

    Returns:
        The pairs by name, in order of path; a folder called like a split tells the image's split.

    Raises:
        DataError: when a pattern cannot link, matches nothing, or gives two files the same name.
    """
    files = [(file, file.relative_to(root).as_posix()) for file in sorted(images_below(root, problems)[0])]
    mask_of = _by_name(root, files, masks, "data.masks")
    image_of = _by_name(root, [item for item in files if item[0] not in mask_of.values()], images, "data.images")
    linked = image_of.keys() & mask_of.keys()
    report_alone(root, (image_of[name] for name in image_of.keys() - linked), "images without a mask", problems)
    report_alone(root, (mask_of[name] for name in mask_of.keys() - linked), "masks without an image", problems)
    if not linked:
        raise DataError(
            f"{root}: no image and mask have the same {{name}}: data.images gives {min(image_of)!r}, data.masks "
            f"{min(mask_of)!r}; write the patterns so that {{name}} stands for what they share"
        )
    return [
        Pair(image_of[name], (mask_of[name],), split_above(image_of[name].relative_to(root)))
        for name in image_of
        if name in linked
    ]


def _by_name(root: Path, files: Iterable[tuple[Path, str]], pattern: str, where: str) -> dict[str, Path]:
    compiled = _compile(pattern, where)
    found: dict[str, Path] = {}
    for file, relative in files:
        if match := compiled.fullmatch(relative):
            first = found.setdefault(match["name"], file)
            if first is not file:
                raise DataError(
                    f"{where}: {pattern}: {first.relative_to(root)} and {relative} both have the name "
                    f"{match['name']!r}; let {{name}} begin further left, it may hold folders"
                )
    if not found:
        raise DataError(f"{where}: {pattern}: no image file below {root} matches; paths are written from there")
    return found


def _compile(pattern: str, where: str) -> re.Pattern[str]:
    if "{name}" not in pattern:
        raise DataError(f"{where}: {pattern}: has no {{name}}, the part that an image and its mask share")
    parts = []
    for part in _PARTS.findall(pattern.removeprefix("./")):
        if part == "{name}":
            parts.append("(?P=name)" if "(?P<name>.+)" in parts else "(?P<name>.+)")
        else:
            parts.append(_MEANING.get(part) or re.escape(part))
    return re.compile("".join(parts), re.IGNORECASE)


def patterns_linking(image: PurePosixPath, mask: PurePosixPath) -> tuple[str, str]:
    """Return patterns for data.images and data.masks that link the two files, and others like them."""
    name, other = image.name, mask.name
    alike = image.stem if image.stem == mask.stem else shared_start([name, other]).rstrip("_-. ")
    shared = alike or image.stem
    endings = name.removeprefix(shared), other.removeprefix(shared)
    if image.parent == mask.parent:
        return f"**/{{name}}{endings[0]}", f"**/{{name}}{endings[1]}"
    parts, others = list(image.parts[:-1]), list(mask.parts[:-1])
    while parts and others and parts[-1] == others[-1]:  # {name} may reach over folders
        del parts[-1], others[-1]
    shared_folders = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(parts, others, strict=False)))
    start = ["**"] if shared_folders else []
    above = ["/".join([*start, *folders[shared_folders:], "{name}"]) for folders in (parts, others)]
    return f"{above[0]}{endings[0]}", f"{above[1]}{endings[1]}"
