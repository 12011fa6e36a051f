"""A folder of images and the folder of their masks: which files belong together, and what is told of the rest."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from visionft.data.formats.masks.names import key_of, plain_image, split_suffix
from visionft.data.formats.masks.pairing import Pair, Paired, pair_by_name, report_alone
from visionft.data.formats.masks.patterns import patterns_linking
from visionft.data.naming import counted, some, split_above
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import images_below


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
    others = {mask for of_kind in (*paired.other_kinds.values(), *paired.rivals) for mask in of_kind}
    report_alone(place.images, set(images) - set(paired.masks_of) - twins, "images without a mask", problems)
    report_alone(place.masks, set(masks) - taken - others, "masks without an image", problems)
    if twins:
        names = some(sorted(image.name for image in twins))
        what = "the name of another image, which has the usual ending and gets the mask; left out"
        problems.append(
            Problem(str(place.images), f"{counted(len(twins), 'image has', 'images have')} {what}: {names}")
        )
    if paired.rivals:
        problems.append(_tell_rivals(place, images, masks, paired.rivals))
    for kind, files in sorted(paired.other_kinds.items()):
        what = f"{len(files)} masks of the kind _{kind} are not read, since there are those of _{paired.kind}"
        problems.append(Problem(str(place.masks), what + _way_to(place, images, files)))
    for folder in place.others:
        what = f"is not read, since there is {place.masks.name}"
        problems.append(Problem(str(folder), what + _way_to(place, images, images_below(folder, [])[0], folder)))


def _tell_rivals(
    place: FolderPair, images: Sequence[Path], masks: Sequence[Path], rivals: Sequence[tuple[Path, ...]]
) -> Problem:
    """Return why masks that lie in several folders cannot be read: nobody says how they go together."""
    folders = sorted({mask.parent for of_one in rivals for mask in of_one})
    names = some(folder.relative_to(place.masks).as_posix() for folder in folders)
    have = counted(len(rivals), "image has", "images have")
    what = f"{have} masks of the same name in several folders, {names}; if each is of a class, write one mask of class "
    way = _way_to(place, images, [mask for mask in masks if mask.parent == folders[0]], folders[0])
    return Problem(str(place.masks), f"{what}numbers for each image; {way.removeprefix('; ')}", fatal=True)


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


def _sort_out(files: Iterable[Path], folder: Path) -> tuple[list[Path], list[Path]]:
    """Separate images from masks in one folder: a mask is called like another file, with a word behind."""
    keys = {file: key_of(file, folder) for file in files}
    known = set(keys.values()) | {plain_image(key) for key in keys.values() if split_suffix(key) is None}
    masks = {file for file, key in keys.items() if (found := split_suffix(key)) is not None and found.name in known}
    return [file for file in keys if file not in masks], [file for file in keys if file in masks]
