"""The pictures of an annotation file: found, each once, with what their entries say."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from visionft.data.formats.coco.images import ImageFinder
from visionft.data.formats.coco.left_out import LeftOut
from visionft.data.formats.coco.numbers import Key, key_of, whole_number
from visionft.data.naming import counted, some
from visionft.data.records import Problem
from visionft.imaging import MAX_PIXELS


@dataclass(frozen=True, slots=True)
class CocoImage:
    """One entry of ``images``; height and width in pixels, 0 where the file does not say."""

    id: Key
    path: Path
    height: int
    width: int


class Pictures(NamedTuple):
    """What a file says of its pictures.

    Attributes:
        images: in the file's order, each picture once.
        stands_for: id -> id of the entry of ``images`` that stands for it; None where it is left out.
        problems: what was found on the way.
    """

    images: tuple[CocoImage, ...]
    stands_for: Mapping[Key, Key | None]
    problems: tuple[Problem, ...]


class _Entry(NamedTuple):
    name: str
    image: CocoImage


def read_pictures(items: list[Any], finder: ImageFinder, where: Path) -> Pictures:
    """Find the pictures that a file lists.

    Entries of one picture are put together. Left out and told are entries without id or name, those that share an id,
    and those of which nobody knows whose file was found.

    Args:
        items: the list ``images`` as it is.
        finder: looks for the files.
        where: the annotation file, for messages.
    """
    left_out = LeftOut("images")
    stands_for: dict[Key, Key | None] = {}
    of_id: dict[Key, _Entry] = {}
    for number, item in enumerate(items):
        key = key_of(item.get("id")) if isinstance(item, dict) else None
        name = _file_name(item) if isinstance(item, dict) else ""
        if key is None or not name:
            left_out.add("without id or file_name", f"images[{number}]")
            if key is not None:
                stands_for.setdefault(key, None)
            continue
        entry = _Entry(name, CocoImage(key, finder.find(name) or finder.supposed(name), *_size(item)))
        first = of_id.setdefault(key, entry)
        if first.image.path == entry.image.path:
            stands_for.setdefault(key, key)
        else:
            left_out.add("that share their id with another, so that nobody knows whose the annotations are", name)
            stands_for[key] = None
    usable = [entry for key, entry in of_id.items() if stands_for[key] is not None]
    images, again = _put_together(usable, stands_for, left_out)
    problems = list(left_out.told(where))
    if again:
        what = (
            f"{counted(len(again), 'picture is', 'pictures are')} listed more than once; the annotations of all entries"
        )
        problems.append(Problem(str(where), f"{what} count: {some(again)}"))
    return Pictures(tuple(images), stands_for, tuple(problems))


def _put_together(
    entries: list[_Entry], stands_for: dict[Key, Key | None], left_out: LeftOut
) -> tuple[list[CocoImage], list[str]]:
    """Return each picture once, and those that were listed again."""
    of_file: dict[Path, list[_Entry]] = defaultdict(list)
    for entry in entries:
        of_file[entry.image.path].append(entry)
    images, again = [], []
    for several in of_file.values():
        first = several[0]
        if len(several) > 1 and not all(_may_be_one(first.name, entry.name) for entry in several[1:]):
            for entry in several:
                left_out.add("whose names are different and lead to one file", entry.name)
                stands_for[entry.image.id] = None
            continue
        images.append(first.image)
        again += [first.name] if len(several) > 1 else []
        stands_for |= {entry.image.id: first.image.id for entry in several}
    return images, again


def _may_be_one(one: str, other: str) -> bool:
    """Return whether two names may be of one file: one is the end of the other."""
    shorter, longer = sorted((PurePosixPath(name.replace("\\", "/")).parts for name in (one, other)), key=len)
    return longer[len(longer) - len(shorter) :] == shorter


def _file_name(item: Mapping[str, Any]) -> str:
    """Return what an entry calls its picture; LVIS only says where it was downloaded from."""
    for key in ("file_name", "filename", "path", "coco_url", "flickr_url"):
        if isinstance(name := item.get(key), str) and name.strip():
            return name
    return ""


def _size(item: Mapping[str, Any]) -> tuple[int, int]:
    """Return height and width; 0 where they are not stated, or cannot be those of an image."""
    height, width = (whole_number(item.get(key)) or 0 for key in ("height", "width"))
    return (height, width) if height > 0 and width > 0 and height * width <= MAX_PIXELS else (0, 0)
