"""Where people keep images and the masks of them.

====================================  ==========================================================================
``images/ masks/``                    beside each other, under split folders, or with split folders in both
``train/ trainannot/ val/ valannot/`` a folder of masks per split folder
``ISIC_Training_Input/ ..._Truth/``   folders of which one is called like masks, and whose files prove it
``x.jpg x_mask.png``                  in one folder, or in several
====================================  ==========================================================================

How a mask is called is in ``names``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from visionft.data.formats.masks.evidence import are_masks
from visionft.data.formats.masks.names import any_may_be_mask
from visionft.data.formats.masks.pairing import Pair
from visionft.data.formats.masks.place import FolderPair, fit, pairs_in
from visionft.data.naming import split_of, splits_among
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import images_below, look_into

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "jpegimages", "leftimg8bit", "image_2")
MASK_FOLDERS = (
    "1st_manual",
    "masks",
    "mask",
    "segmentationclass",
    "gtfine",
    "gtcoarse",
    "masks_machine",
    "labels",
    "label",
    "annotations",
    "annotation",
    "annots",
    "annot",
    "gt",
)
_MASK_WORDS = re.compile(
    "masks?|labels?|labell?ed|lab|gt|truth|groundtruth|annotations?|annots?|annos?|ann|semantic|segs?|segmentations?|manual|trimaps?|mattes?"
)
_NOT_OF_CLASSES = ("segmentationobject", "segmentationobjectraw")  # of VOC: which object a pixel is of
_DEEPEST = 4  # folders that hold nothing but one folder


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


def tell_unread(root: Path, places: Iterable[FolderPair], problems: list[Problem]) -> None:
    """Tell which folders of images belong to no place, and are not read."""
    read = [folder for place in places for folder in (place.images, place.masks, *place.others)]
    unread: dict[Path, int] = {}
    for image in images_below(root, [], [])[0]:
        if not any(image.is_relative_to(folder) for folder in read):
            unread[image.parent] = unread.get(image.parent, 0) + 1
    for folder, count in unread.items():
        if folder.name.casefold() not in _NOT_OF_CLASSES:
            what = f"its {count} images are neither pictures with masks nor masks of some; left out"
            problems.append(Problem(str(folder), what))


def _places(root: Path) -> tuple[FolderPair, ...]:
    folders = _folders(root)
    if place := _beside(folders):
        return (place,)
    splits = splits_among(folders)
    places = [
        FolderPair(folders[name], mask_folder, split)
        for name, split in splits.items()
        for mask_folder in _named_after(name, folders)
    ]
    if not places:
        inside = {name: place for name, folder in folders.items() if (place := _beside(_folders(folder)))}
        if splits.keys() & inside.keys() or 2 * len(inside) > len(folders) > 1:
            others = [(name, place) for name in folders.keys() - inside.keys() for place in _alike(folders[name])]
            found = sorted([*inside.items(), *others], key=lambda item: item[0])
            places = [replace(place, split=splits.get(name)) for name, place in found]
    if not places:
        several = folders if splits or len(folders) > 1 else {}  # what lies in a lone folder, that folder tells
        places = _alike(root) or [
            replace(place, split=place.split or splits.get(name)) for name in several for place in _alike(folders[name])
        ]
    if not places:
        below = [FolderPair(folders[name], folders[name], split) for name, split in splits.items()]
        whole = FolderPair(root, root)
        places = [whole] if _is_mixed(whole) else [place for place in below if _is_mixed(place)]
    return tuple(places)


def _folders(root: Path) -> dict[str, Path]:
    return {folder.name.casefold(): folder for folder in look_into(root, []).folders}


def _beside(folders: Mapping[str, Path]) -> FolderPair | None:
    images = [folders[name] for name in IMAGE_FOLDERS if name in folders]
    masks = [folders[name] for name in MASK_FOLDERS if name in folders and images_below(folders[name], [])[0]]
    return FolderPair(images[0], masks[0], others=tuple(masks[1:])) if images and masks else None


def _named_after(name: str, folders: Mapping[str, Path]) -> list[Path]:
    names = [f"{name}{joint}{word}" for word in MASK_FOLDERS for joint in ("", "_", "-")]
    return [folders[found] for found in names if found in folders and images_below(folders[found], [])[0]][:1]


def _is_called_masks(folder: Path) -> bool:
    return any(map(_MASK_WORDS.fullmatch, _words(folder.name)))


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[^a-z]+", parted.casefold()) if word]


def _split_in(name: str) -> Split | None:
    """Return the split that a folder's name tells, or one of its words."""
    found = {split for word in _words(name) if (split := split_of(word))}
    return split_of(name) or (found.pop() if len(found) == 1 else None)


def _alike(root: Path) -> list[FolderPair]:
    """Find folders called like masks, each with the folder beside it, or around it, whose images they belong to."""
    contents = look_into(root, [])
    masks = [folder for folder in contents.folders if _is_called_masks(folder)]
    images = [folder for folder in contents.folders if folder not in masks]
    found: list[FolderPair] = []
    for folder in masks:
        candidates = [FolderPair(of, folder, _split_in(of.name)) for of in images if _same_split(of, folder)]
        if contents.images and len(contents.folders) == 1:
            candidates.append(FolderPair(root, folder))
        pairs = {place: pairs_in(place, []) for place in candidates}
        best = max(pairs, key=lambda place: len(pairs[place]), default=None)
        if best is not None and _proven(best, pairs[best]):
            found.append(best)
    taken: dict[Path, FolderPair] = {}
    for place in found:
        first = taken.setdefault(place.images, place)
        if first is not place:
            taken[place.images] = replace(first, others=(*first.others, place.masks))
    return list(taken.values())


def _same_split(images: Path, masks: Path) -> bool:
    return _split_in(images.name) == _split_in(masks.name)


def _proven(place: FolderPair, pairs: list[Pair]) -> bool:
    return bool(pairs) and 2 * len(pairs) >= fit(place)[1] and are_masks([(p.image, p.masks[0]) for p in pairs])


def _is_mixed(place: FolderPair) -> bool:
    if not any_may_be_mask(images_below(place.images, [])[0]):
        return False
    pairs, images = fit(place)
    if not pairs or 2 * pairs < images:
        return False
    return are_masks([(pair.image, pair.masks[0]) for pair in pairs_in(place, [])])
