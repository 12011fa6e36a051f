"""Reading a COCO annotation file: what can be read is, whatever tool wrote it, and the rest is counted."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visionft.data.formats.coco.images import ImageFinder
from visionft.data.formats.coco.left_out import LeftOut
from visionft.data.formats.coco.names import split_of_file
from visionft.data.formats.coco.numbers import Key, key_of, order
from visionft.data.formats.coco.other_kinds import require_objects
from visionft.data.formats.coco.pictures import CocoImage, Pictures, read_pictures
from visionft.data.listing import LabelOptions
from visionft.data.naming import counted, shorten, some
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.errors import DataError
from visionft.imaging.regular_file import read_regular_file

Annotation = Mapping[str, Any]

_A_CATEGORY = '{"id": 1, "name": "red"}'


@dataclass(frozen=True, slots=True)
class CocoFile:
    """What an annotation file says.

    Attributes:
        path: the JSON file.
        split: the part of the data that its name, or its folder's, tells.
        images: in the file's order, each picture once.
        annotations: image id -> its annotations, as they are but for the ids; ``category_id`` is None where none is
            stated.
        categories: id -> name.
        parents: id -> name of the supercategory.
        problems: what was found on the way.
    """

    path: Path
    split: Split | None
    images: tuple[CocoImage, ...]
    annotations: Mapping[Key, list[Annotation]]
    categories: Mapping[Key, str]
    parents: Mapping[Key, str]
    problems: tuple[Problem, ...] = ()


def read_file(path: Path, options: LabelOptions, root: Path | None = None) -> CocoFile:
    """Read an annotation file.

    Args:
        path: the JSON file.
        options: ``images`` is the folder of its images, relative to the file; None looks around the file. ``classes``
            that map names to category ids stand for the categories of a file that has none.
        root: the folder that the user named; None where it was the file.

    Raises:
        DataError: when it cannot be read or is no COCO file of objects, or there is no such folder.
    """
    data = _load(path)
    images, annotations = _list(data, "images", path), _list(data, "annotations", path)
    require_objects(annotations, path)
    categories, parents = _categories(data, annotations, options, path)
    finder = ImageFinder(path, options.images, root)
    pictures = read_pictures(images, finder, path)
    left_out = LeftOut("annotations")
    of_image = _annotations(annotations, categories, pictures.stands_for, left_out)
    problems = [
        *pictures.problems,
        *_missing(pictures, finder, path),
        *left_out.told(path),
        *_of_one_name(categories, path),
        *_copies(annotations, path),
    ]
    return CocoFile(path, split_of_file(path), pictures.images, of_image, categories, parents, tuple(problems))


def _load(path: Path) -> Any:
    try:
        return json.loads(read_regular_file(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is not JSON ({error})") from error


def _list(data: Any, key: str, path: Path) -> list[Any]:
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, list):
        what = "; it may be one of a test set, whose annotations nobody has" if key == "annotations" else ""
        raise DataError(f"{path}: has no list {key!r}; a COCO file has images, annotations and categories{what}")
    return found


def _categories(
    data: Mapping[str, Any], annotations: list[Any], options: LabelOptions, path: Path
) -> tuple[dict[Key, str], dict[Key, str]]:
    """Return the names of categories, and those of their supercategories."""
    stated = data.get("categories") or []
    if not stated:
        return _categories_of_user(annotations, options, path), {}
    if not isinstance(stated, list):
        raise DataError(f"{path}: categories: found {shorten(stated)}; a list of {_A_CATEGORY} is needed")
    names: dict[Key, str] = {}
    parents: dict[Key, str] = {}
    for number, item in enumerate(stated):
        key, name = (key_of(item.get("id")), item.get("name")) if isinstance(item, dict) else (None, None)
        if key is None or not isinstance(name, str | int | float) or not (text := str(name).strip()):
            raise DataError(f"{path}: categories[{number}]: found {shorten(item)}; {_A_CATEGORY} is needed")
        if names.setdefault(key, text) != text:
            raise DataError(f"{path}: category {key} is called {names[key]!r} and {text!r}; give each name its own id")
        parents[key] = str(item.get("supercategory") or "")
    return names, parents


def _of_one_name(categories: Mapping[Key, str], path: Path) -> Iterator[Problem]:
    """Tell of categories that become one class, since they have one name."""
    numbers: dict[str, list[str]] = {}
    for key, name in categories.items():
        numbers.setdefault(name, []).append(str(key))
    for name, keys in numbers.items():
        if len(keys) > 1:
            what = f"categories {some(keys)} are all called {name!r} and are one class; rename them where they are not"
            yield Problem(str(path), what)


def _categories_of_user(annotations: list[Any], options: LabelOptions, path: Path) -> dict[Key, str]:
    """Return the categories that the user states where the file does not."""
    if isinstance(options.classes, Mapping):
        numbers = {name: (value,) if isinstance(value, int) else value for name, value in options.classes.items()}
        return {number: name for name, several in numbers.items() for number in several if isinstance(number, int)}
    keys = {key_of(item.get("category_id")) for item in annotations if isinstance(item, dict)}
    ids = sorted((key for key in keys if key is not None), key=order)
    example = ", ".join(f"NAME{at}: {key}" for at, key in enumerate(ids[:3] or [1], start=1))
    raise DataError(
        f"{path}: has no list 'categories', so nobody knows what the categories are called "
        f"({some(map(str, ids), 10)}); set data.classes: {{{example}}} or add to it categories: [{_A_CATEGORY}, ...]"
    )


def _annotations(
    items: list[Any], categories: Mapping[Key, str], stands_for: Mapping[Key, Key | None], left_out: LeftOut
) -> dict[Key, list[Annotation]]:
    """Return the annotations of each picture, with the ids by which pictures and categories are known."""
    names = Counter(categories.values())
    by_name = {name: key for key, name in categories.items() if names[name] == 1}
    found: dict[Key, list[Annotation]] = defaultdict(list)
    for number, item in enumerate(items):
        image = key_of(item.get("image_id")) if isinstance(item, dict) else None
        if image is None:
            left_out.add("without image_id", f"annotations[{number}]")
            continue
        category = key_of(item.get("category_id"))
        if isinstance(category, str) and category not in categories:
            category = by_name.get(category, category)
        if category is None and not item.get("bbox") and not item.get("segmentation"):
            left_out.add("without category, box and outline, such as captions", f"annotation {item.get('id')}")
        elif image not in stands_for:
            left_out.add("that belong to no image of the file", f"annotation {item.get('id')} of image {image}")
        elif (owner := stands_for[image]) is not None:  # else told with the image
            same = owner == item["image_id"] and category == item.get("category_id")
            found[owner].append(item if same else {**item, "image_id": owner, "category_id": category})
    return found


def _missing(pictures: Pictures, finder: ImageFinder, path: Path) -> Iterator[Problem]:
    """Yield a problem for images without a file."""
    if missing := [image.path.name for image in pictures.images if not image.path.is_file()]:
        several = counted(len(missing), "picture is", "pictures are")
        what = f"{several} in none of the folders {some(map(str, finder.folders), 20)}: {some(missing)}"
        yield Problem(str(path), f"{what}; data.images may name their folder, relative to the JSON file")


def _copies(annotations: list[Any], path: Path) -> Iterator[Problem]:
    """Yield a problem for ids that several annotations have; each is an object all the same."""
    numbers = (item.get("id") for item in annotations if isinstance(item, dict))
    ids = Counter(str(number) for number in numbers if number is not None)
    if again := [number for number, count in ids.items() if count > 1]:
        yield Problem(str(path), f"{len(again)} ids belong to several annotations each, which all count: {some(again)}")
