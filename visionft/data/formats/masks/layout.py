"""Where people keep images and the masks of them.

====================================  ==========================================================================
``images/ masks/``                    beside each other, under split folders, or with split folders in both
``train/ trainannot/ val/ valannot/`` a folder of masks per split folder
``x.jpg x_mask.png``                  in one folder, or in one per split
====================================  ==========================================================================

A mask has its image's name, with or without one of ``MASK_SUFFIXES`` at the end, and any extension.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from visionft.data.naming import some, split_above, split_of
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import images_below, look_into

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "jpegimages")
MASK_FOLDERS = (
    "masks",
    "mask",
    "segmentationclass",
    "labels",
    "label",
    "annotations",
    "annotation",
    "annots",
    "annot",
    "gt",
)
MASK_SUFFIXES = ("_mask", "_masks", "_label", "_labels", "_annot", "_seg", "_gt", "_l", "_p")
_DEEPEST = 4  # folders that hold nothing but one folder


@dataclass(frozen=True, slots=True)
class Pair:
    """An image file and its mask file."""

    image: Path
    mask: Path
    split: Split | None


@dataclass(frozen=True, slots=True)
class FolderPair:
    """A folder of images and the folder of their masks, which may be the same.

    Attributes:
        images: images lie here, or deeper unless both folders are the same.
        masks: masks lie here.
        split: the part of the data they belong to; None lets the folders below it tell.
    """

    images: Path
    masks: Path
    split: Split | None = None


def find_places(path: Path) -> tuple[Path, tuple[FolderPair, ...]]:
    """Recognise a layout.

    Args:
        path: the folder, or one that holds nothing but it.

    Returns:
        The folder of the data, and its images and masks; none when it has no known layout.
    """
    root = path
    for _ in range(_DEEPEST):
        if places := _places(root):
            return root, places
        contents = look_into(root, [])
        if len(contents.folders) != 1 or contents.images:
            break
        root = contents.folders[0]
    return path, ()


def pairs_in(place: FolderPair, problems: list[Problem]) -> list[Pair]:
    """Pair the files of a place by name.

    Args:
        place: where they lie.
        problems: grows by the files that have no partner; they are left out.
    """
    if place.images == place.masks:
        images, masks = _sort_out(look_into(place.images, problems).images)
    else:
        images, masks = images_below(place.images, problems)[0], images_below(place.masks, problems)[0]
    mask_of = {_key(mask, place.masks): mask for mask in reversed(masks)}
    for mask in masks:
        mask_of.setdefault(_without_suffix(_key(mask, place.masks)), mask)
    pairs = []
    for image in images:
        if partner := mask_of.get(_key(image, place.images)):
            split = place.split or split_above(image.relative_to(place.images))
            pairs.append(Pair(image, partner, split))
    report_alone(place.images, set(images) - {pair.image for pair in pairs}, "images without a mask", problems)
    report_alone(place.masks, set(masks) - {pair.mask for pair in pairs}, "masks without an image", problems)
    return pairs


def report_alone(folder: Path, files: Iterable[Path], what: str, problems: list[Problem]) -> None:
    """Report files without a partner, if there are any."""
    names = sorted(file.relative_to(folder).as_posix() for file in files)
    if names:
        problems.append(Problem(str(folder), f"{len(names)} {what} of the same name; left out: {some(names)}"))


def fit(place: FolderPair) -> tuple[int, int]:
    """Return how many pairs a place has, and how many files on the side that has fewer."""
    pairs = pairs_in(place, [])
    if place.images == place.masks:
        return len(pairs), len(_sort_out(look_into(place.images, []).images)[0])
    return len(pairs), min(len(images_below(folder, [])[0]) for folder in (place.images, place.masks))


def _places(root: Path) -> tuple[FolderPair, ...]:
    folders = _folders(root)
    if place := _beside(folders):
        return (place,)
    splits = {name: split for name in folders if (split := split_of(name))}
    places = [
        FolderPair(folders[name], mask_folder, split)
        for name, split in splits.items()
        for mask_folder in _named_after(name, folders)
    ]
    if not places:
        places = [
            FolderPair(place.images, place.masks, split)
            for name, split in splits.items()
            if (place := _beside(_folders(folders[name])))
        ]
    if not places:
        candidates = [
            FolderPair(root, root),
            *(FolderPair(folders[name], folders[name], splits[name]) for name in splits),
        ]
        places = [place for place in candidates if _is_mixed(place)]
    return tuple(places)


def _folders(root: Path) -> dict[str, Path]:
    return {folder.name.casefold(): folder for folder in look_into(root, []).folders}


def _beside(folders: Mapping[str, Path]) -> FolderPair | None:
    images = [folders[name] for name in IMAGE_FOLDERS if name in folders]
    masks = [folders[name] for name in MASK_FOLDERS if name in folders and images_below(folders[name], [])[0]]
    return FolderPair(images[0], masks[0]) if images and masks else None


def _named_after(name: str, folders: Mapping[str, Path]) -> list[Path]:
    names = [f"{name}{joint}{word}" for word in MASK_FOLDERS for joint in ("", "_", "-")]
    return [folders[found] for found in names if found in folders and images_below(folders[found], [])[0]][:1]


def _is_mixed(place: FolderPair) -> bool:
    pairs, images = fit(place)
    return pairs > 0 and 2 * pairs >= images


def _sort_out(files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Separate images from masks in one folder: a mask is called like another file, with a suffix."""
    files = list(files)
    stems = {file.stem for file in files}
    is_mask = {file: file.stem != (plain := _without_suffix(file.stem)) and plain in stems for file in files}
    return [file for file in files if not is_mask[file]], [file for file in files if is_mask[file]]


def _key(file: Path, folder: Path) -> str:
    return file.relative_to(folder).with_suffix("").as_posix()


def _without_suffix(stem: str) -> str:
    found = next((suffix for suffix in MASK_SUFFIXES if stem.casefold().endswith(suffix)), "")
    return stem.removesuffix(stem[len(stem) - len(found) :]) if found else stem
