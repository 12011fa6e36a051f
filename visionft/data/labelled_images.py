"""From what users hand over in Python to images with an id, a label and a split."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from visionft.data.naming import SPLIT_NAMES
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.targets.python_values import described
from visionft.errors import DataError, ImageError
from visionft.imaging.header import IMAGE_EXTENSIONS
from visionft.imaging.pixels import ImageSource
from visionft.imaging.python_images import to_image
from visionft.spec import FULL_SCALE, Reading

_ERRORS_SHOWN = 5


class LabelledImage(NamedTuple):
    """One image and what the user says of it.

    Attributes:
        id: unique in its data.
        image: the file, or the pixels.
        value: the label, in plain Python.
        split: the part of the data it was put into; None where nobody says.
    """

    id: str
    image: ImageSource
    value: Any
    split: Split | None = None


def paired(images: Any, labels: Any, where: str) -> list[tuple[Any, Any]]:
    """Return each image with its label.

    Args:
        images: an array, a tensor or any iterable.
        labels: likewise.
        where: what messages begin with.

    Raises:
        DataError: when there are more of one than of the other.
    """
    lists = []
    for what, several in (("images", images), ("labels", labels)):
        if isinstance(several, str | bytes) or not isinstance(several, Iterable):
            raise DataError(
                f"{where}{what}: {described(several)}; an array or a list is needed, one entry for each image"
            )
        lists.append(list(several))
    if len(lists[0]) != len(lists[1]):
        raise DataError(f"{where}{len(lists[0])} images and {len(lists[1])} labels; every image needs one label")
    return list(zip(*lists, strict=True))


def pairs_of(samples: Any) -> Iterable[tuple[Any, Any]]:
    """Yield the pairs of an iterable, or of a torch data set.

    Raises:
        DataError: when something else is among them.
    """
    pairs = samples
    if isinstance(samples, Mapping):
        raise DataError(
            f"samples: {described(samples)}; pairs of an image and its label are needed; of class -> images use "
            "from_classes"
        )
    if hasattr(samples, "__getitem__") and hasattr(samples, "__len__"):  # torch's data sets need not iterate
        pairs = _by_number(samples)
    elif not isinstance(samples, Iterable):
        raise DataError(f"samples: {described(samples)}; pairs of an image and its label are needed")
    for number, pair in enumerate(pairs):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise DataError(
                f"samples: number {number} is {described(pair)}; a pair of an image and its label is needed"
            )
        yield pair[0], pair[1]


def _by_number(samples: Any) -> Iterator[Any]:
    for number in range(len(samples)):
        try:
            one = samples[number]
        except NotImplementedError:  # torch's iterable data sets, some of which know their length
            yield from samples
            return
        except KeyError as error:
            raise DataError(
                f"samples: a {type(samples).__name__} has no number {number}; pairs of an image and its label are "
                "needed, such as zip(table['image'], table['label'])"
            ) from error
        yield one


def class_names_of(samples: Any) -> Sequence[str] | None:
    """Return what a torch data set, or that of which it is a subset, calls its classes."""
    while samples is not None:
        names = getattr(samples, "classes", None)
        if isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names):
            return names
        samples = getattr(samples, "dataset", None)
    return None


def split_named(name: Any) -> Split:
    """Return the split that is called so.

    Raises:
        DataError: when none is.
    """
    if str(name) not in SPLIT_NAMES:
        raise DataError(
            f"{described(name)} is no split; give train, val and test; from_classes takes a dict of class -> images"
        )
    return SPLIT_NAMES[str(name)]


def splits_of(split: str | Sequence[str], count: int) -> list[Split | None]:
    """Return the split of each image, given one for all or for each.

    Raises:
        DataError: when one is not known, or there are too few or many.
    """
    if isinstance(split, str):
        return [split_named(split)] * count
    if len(split) != count:
        raise DataError(f"split: {len(split)} for {count} images; give one for each, or one for all")
    return [split_named(one) for one in split]


def labelled(
    images: Sequence[Any],
    values: Sequence[Any],
    ids: Sequence[str] | None,
    splits: Sequence[Split | None],
    problems: list[Problem],
    reading: Reading = FULL_SCALE,
) -> list[LabelledImage]:
    """Return images with their labels; one that is given again is left out.

    Args:
        images: paths, or images as ``python_images`` reads them.
        values: the labels.
        ids: their names; None makes some.
        splits: of each.
        problems: grows by images that are given again.
        reading: how values of more than 8 bits are read, as far as it is said.

    Raises:
        DataError: when images are none, or ids are not one for each.
    """
    if ids is None:
        ids = _ids(images)
    elif len(ids) != len(images) or len(set(ids)) != len(ids) or not all(isinstance(one, str) and one for one in ids):
        raise DataError(f"ids: {len(ids)} for {len(images)} images; a different text is needed for each image")
    errors: list[str] = []
    found: dict[str, LabelledImage] = {}
    for name, image, value, split in zip(ids, images, values, splits, strict=True):
        try:
            source = _absolute(image) if _is_path(image) else to_image(image, name, reading)
        except ImageError as error:
            errors.append(f"{name}: {error}")
            continue
        if name in found:
            problems.append(Problem(name, "is given again; the first one counts"))
        else:
            found[name] = LabelledImage(name, source, _absolute(value) if _is_file(value) else value, split)
    if errors:
        more = [f"and {len(errors) - _ERRORS_SHOWN} more"] if len(errors) > _ERRORS_SHOWN else []
        raise DataError("\n".join(errors[:_ERRORS_SHOWN] + more))
    return list(found.values())


def _ids(images: Sequence[Any]) -> list[str]:
    """Return a name of each image: a file's path below what all have in common, else its number."""
    files = [os.path.abspath(image) for image in images if _is_path(image)]  # noqa: PTH100  # links stay links
    root = os.path.commonpath([os.path.dirname(file) for file in files]) if files else ""  # noqa: PTH120
    paths = iter(files)
    return [
        Path(os.path.relpath(next(paths), root)).as_posix() if _is_path(image) else f"{number:06}.png"
        for number, image in enumerate(images)
    ]


def _absolute(path: str | Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  # links stay links


def _is_path(image: Any) -> bool:
    return isinstance(image, str | Path)


def _is_file(value: Any) -> bool:
    """Say whether a label is the path of a mask: a path, or the name of an image file that there is."""
    if not isinstance(value, str):
        return isinstance(value, Path)
    return Path(value).suffix.lower() in IMAGE_EXTENSIONS and Path(value).is_file()
