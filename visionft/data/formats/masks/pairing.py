"""Which masks belong to which image."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from visionft.data.formats.masks.names import (
    MaskName,
    differing_part,
    key_of,
    plain_image,
    plain_mask,
    split_suffix,
    without_image_ending,
)
from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.data.splits import Split


@dataclass(frozen=True, slots=True)
class Pair:
    """An image file and its mask files.

    Attributes:
        image: the picture.
        masks: one, or several of which each shows some of its objects.
        split: the part of the data they belong to, None where nothing says.
    """

    image: Path
    masks: tuple[Path, ...]
    split: Split | None


@dataclass(slots=True)
class Paired:
    """Image file -> its masks, and what came up on the way.

    Attributes:
        masks_of: the masks of each image that has some.
        other_kinds: word -> masks of the same images that were not taken, such as those of other codes.
        kind: the word of those that were.
        twins: images that lost their mask to another of the same name.
        rivals: masks of one image that have the same name in different folders, of which the first was taken.
    """

    masks_of: dict[Path, tuple[Path, ...]] = field(default_factory=dict)
    other_kinds: dict[str, list[Path]] = field(default_factory=dict)
    kind: str = ""
    twins: list[Path] = field(default_factory=list)
    rivals: list[tuple[Path, ...]] = field(default_factory=list)


def pair_by_name(images: Sequence[Path], masks: Sequence[Path], image_folder: Path, mask_folder: Path) -> Paired:
    """Pair files of two folders: by the same name, else by what is left of names without what people add to them.

    Args:
        images: below ``image_folder``.
        masks: below ``mask_folder``.
        image_folder: where the names of images begin.
        mask_folder: where those of masks do.

    Returns:
        The first way that finds a partner for half of the files, else the one that finds most.
    """
    image_keys = {image: key_of(image, image_folder) for image in images}
    mask_keys = {mask: key_of(mask, mask_folder) for mask in masks}
    names = {path: PurePosixPath(key).name for path, key in (image_keys | mask_keys).items()}
    best = Paired()
    for image_name, mask_name in _ways(image_keys, mask_keys, names):
        found = _match(images, masks, image_name, mask_name)
        if len(found.masks_of) > len(best.masks_of):
            best = found
        if 2 * len(best.masks_of) >= min(len(images), len(masks)):
            break
    return best


_ImageName = Callable[[Path], str]
_MaskName = Callable[[Path], MaskName]


def _ways(
    image_keys: Mapping[Path, str], mask_keys: Mapping[Path, str], names: Mapping[Path, str]
) -> Iterable[tuple[_ImageName, _MaskName]]:
    yield (
        image_keys.__getitem__,
        lambda mask: split_suffix(mask_keys[mask]) or MaskName(without_image_ending(mask_keys[mask])),
    )
    yield lambda image: plain_image(image_keys[image]), lambda mask: plain_mask(mask_keys[mask])
    if len({names[image] for image in image_keys}) == len(image_keys):  # else the folder is part of the name
        yield lambda image: plain_image(names[image]), lambda mask: plain_mask(names[mask])
    image_parts, mask_parts = differing_part(image_keys.values()), differing_part(mask_keys.values())
    if len(set(image_parts.values())) == len(image_keys) and len(set(mask_parts.values())) == len(mask_keys):
        yield lambda image: image_parts[image_keys[image]], lambda mask: MaskName(mask_parts[mask_keys[mask]])


def _match(images: Sequence[Path], masks: Sequence[Path], image_name: _ImageName, mask_name: _MaskName) -> Paired:
    """Give every image the masks of its name that have no word, else those of the first kind of word."""
    by_image: dict[str, list[Path]] = defaultdict(list)
    for image in images:
        by_image[image_name(image)].append(image)
    by_name: dict[str, dict[MaskName, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for mask in masks:
        found = mask_name(mask)
        by_name[found.name][found].append(mask)
    endings = Counter(image.suffix.lower() for image in images)
    result = Paired()
    kinds: Counter[str] = Counter()
    for name in sorted(by_image.keys() & by_name.keys()):
        first, *others = sorted(by_name[name], key=lambda found: found.rank)
        kinds[first.word] += 1
        for other in others:
            result.other_kinds.setdefault(other.word, []).extend(by_name[name][other])
        twins = sorted(by_image[name], key=lambda image: (-endings[image.suffix.lower()], image))
        _assign_masks(twins, sorted(by_name[name][first]), result, several=bool(first.word))
    result.kind = kinds.most_common(1)[0][0] if kinds else ""
    return result


def _assign_masks(images: Sequence[Path], masks: Sequence[Path], result: Paired, *, several: bool) -> None:
    """Give pictures of one name their masks: each the one that names its ending, the first of them the others."""
    mask_of_stem = {mask.stem: mask for mask in masks}
    named = {image: mask_of_stem[image.name] for image in images if image.name in mask_of_stem}
    result.masks_of |= {image: (mask,) for image, mask in named.items()}
    rest = [mask for mask in masks if mask not in named.values()]
    left = [image for image in images if image not in named]
    if left and rest:
        result.masks_of[left.pop(0)] = tuple(rest) if several else (rest[0],)
        if not several and len({mask.parent for mask in rest}) > 1:
            result.rivals.append(tuple(rest))
    result.twins += left


def report_alone(folder: Path, files: Iterable[Path], what: str, problems: list[Problem]) -> None:
    """Report files without a partner, if there are any."""
    names = sorted(file.relative_to(folder).as_posix() for file in files)
    if names:
        problems.append(Problem(str(folder), f"{len(names)} {what} of the same name; left out: {some(names)}"))
