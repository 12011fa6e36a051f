"""Where people keep images and the masks of them.

====================================  ==========================================================================
``images/ masks/``                    beside each other, under split folders, or with split folders in both
``train/ trainannot/ val/ valannot/`` a folder of masks per split folder
``ISIC_Training_Input/ ..._Truth/``   folders of which one is called like masks, and whose files prove it
``x.jpg x_mask.png``                  in one folder, or in several
====================================  ==========================================================================

How a mask is called is in ``names``.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from visionft.data.formats.masks.evidence import are_masks
from visionft.data.formats.masks.names import any_may_be_mask, key_of, plain_image, split_suffix
from visionft.data.formats.masks.pairing import Pair, Paired, pair_by_name, report_alone
from visionft.data.formats.masks.patterns import patterns_linking
from visionft.data.naming import counted, some, split_above, split_of, splits_among
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import images_below, look_into

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "jpegimages", "leftimg8bit")
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
    "masks?|labels?|lab|gt|truth|groundtruth|annotations?|annots?|segs?|segmentations?|manual|trimaps?|mattes?"
)
_DEEPEST = 4  # folders that hold nothing but one folder


@dataclass(frozen=True, slots=True)
class FolderPair:
    """A folder of images and the folder of their masks, which may be the same.

    Attributes:
        images: images lie here, or deeper.
        masks: masks lie here, or deeper.
        split: the part of the data they belong to; None lets the folders below it tell.
        others: more folders of masks of the same images, which are not read.
    """

    images: Path
    masks: Path
    split: Split | None = None
    others: tuple[Path, ...] = ()


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
        problems: grows by the files that have no partner, which are left out, and by what was chosen.
    """
    images, masks = _files(place, problems)
    paired = pair_by_name(images, masks, place.images, place.masks)
    if not paired.masks_of and masks and len(images) == 1 and place.images != place.masks:  # a folder for each image
        paired.masks_of[images[0]] = tuple(sorted(masks))
    pairs = [
        Pair(image, paired.masks_of[image], place.split or split_above(image.relative_to(place.images)))
        for image in images
        if image in paired.masks_of
    ]
    _report(place, images, masks, paired, problems)
    return pairs


def fit(place: FolderPair) -> tuple[int, int]:
    """Return how many pairs a place has, and how many files on the side that has fewer."""
    images, masks = _files(place, [])
    if place.images == place.masks:
        return len(pairs_in(place, [])), len(images)
    return len(pairs_in(place, [])), min(len(images), len(masks)) if len(images) > 1 else len(images)


def _files(place: FolderPair, problems: list[Problem]) -> tuple[list[Path], list[Path]]:
    """Return the images and the masks of a place."""
    files = images_below(place.images, problems)[0]
    if place.images == place.masks:
        return _sort_out(files, place.images)
    masks = images_below(place.masks, problems)[0]
    if place.masks.is_relative_to(place.images):
        beside = set(masks)
        files = [file for file in files if file not in beside]
    return files, masks


def _report(
    place: FolderPair, images: Sequence[Path], masks: Sequence[Path], paired: Paired, problems: list[Problem]
) -> None:
    twins, taken = set(paired.twins), {mask for of_one in paired.masks_of.values() for mask in of_one}
    others = {mask for of_kind in paired.other_kinds.values() for mask in of_kind}
    report_alone(place.images, set(images) - set(paired.masks_of) - twins, "images without a mask", problems)
    report_alone(place.masks, set(masks) - taken - others, "masks without an image", problems)
    if twins:
        names = some(sorted(image.name for image in twins))
        what = "the name of another image, which has the usual ending and gets the mask; left out"
        problems.append(
            Problem(str(place.images), f"{counted(len(twins), 'image has', 'images have')} {what}: {names}")
        )
    several = [paired.masks_of[image] for image in images if len(paired.masks_of.get(image, ())) > 1]
    if several:
        shown = " and ".join(mask.name for mask in several[0][:3])
        what = f"{counted(len(several), 'image has', 'images have')} several masks, which are put together: {shown}"
        problems.append(Problem(str(place.masks), what))
    for kind, files in sorted(paired.other_kinds.items()):
        what = f"{len(files)} masks of the kind _{kind} are not read, since there are those of _{paired.kind}"
        problems.append(Problem(str(place.masks), what + _way_to(place, images, files)))
    for folder in place.others:
        what = f"is not read, since there is {place.masks.name}"
        problems.append(Problem(str(folder), what + _way_to(place, images, images_below(folder, [])[0], folder)))


def _way_to(place: FolderPair, images: Sequence[Path], masks: Sequence[Path], folder: Path | None = None) -> str:
    """Return what a recipe has to say for other masks of the images to be read."""
    found = pair_by_name(images, masks, place.images, folder or place.masks).masks_of
    if not found:
        return ""
    image = next(iter(sorted(found)))
    above = Path(os.path.commonpath([place.images, place.masks]))
    of_image, of_mask = (PurePosixPath(file.relative_to(above).as_posix()) for file in (image, found[image][0]))
    patterns = [
        pattern if pattern.startswith("**/") else f"**/{pattern}" for pattern in patterns_linking(of_image, of_mask)
    ]
    return f"; if they are the ones to learn, set data.images='{patterns[0]}' and data.masks='{patterns[1]}'"


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
            places = [
                FolderPair(found.images, found.masks, splits.get(name), found.others) for name, found in inside.items()
            ]
    if not places:
        places = _alike(root) or [
            FolderPair(found.images, found.masks, found.split or split)
            for name, split in splits.items()
            for found in _alike(folders[name])
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
    masks = [folder for folder in contents.folders if any(map(_MASK_WORDS.fullmatch, _words(folder.name)))]
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
            taken[place.images] = FolderPair(first.images, first.masks, first.split, (*first.others, place.masks))
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


def _sort_out(files: Iterable[Path], folder: Path) -> tuple[list[Path], list[Path]]:
    """Separate images from masks in one folder: a mask is called like another file, with a word behind."""
    keys = {file: key_of(file, folder) for file in files}
    known = set(keys.values()) | {plain_image(key) for key in keys.values() if split_suffix(key) is None}
    masks = {file for file, key in keys.items() if (found := split_suffix(key)) is not None and found.name in known}
    return [file for file in keys if file not in masks], [file for file in keys if file in masks]
