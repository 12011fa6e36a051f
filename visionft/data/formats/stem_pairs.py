"""Images and masks by what their names share, in trees whose folders say nothing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from visionft.data.formats.masks.names import any_may_be_mask, plain_image, split_suffix
from visionft.data.formats.masks.patterns import patterns_linking

_LEAST = 0.5  # of the images must have a mask


@dataclass(frozen=True, slots=True)
class StemPairs:
    """What links images and masks.

    Attributes:
        image: an image, below the root.
        mask: its mask.
        patterns: for ``data.images`` and ``data.masks``.
    """

    image: str
    mask: str
    patterns: tuple[str, str]


def find_pairs(images: Sequence[Path], root: Path) -> StemPairs | None:
    """Find images whose names others have as well, with a word for masks behind them.

    Args:
        images: all image files of a tree, in order.
        root: what patterns are relative to.
    """
    if not any_may_be_mask(images):
        return None
    plain: dict[str, list[Path]] = defaultdict(list)
    masks: dict[str, Path] = {}
    for image in images:
        stem = image.stem
        if (found := split_suffix(stem)) is not None:
            masks.setdefault(found.name, image)
        else:
            plain[plain_image(stem)].append(image)
    paired = [name for name in plain if name in masks]
    whole = sum(len(several) for several in plain.values())
    if not paired or sum(len(plain[name]) for name in paired) < _LEAST * whole:
        return None
    picture, mask = (PurePosixPath(file.relative_to(root)) for file in (plain[paired[0]][0], masks[paired[0]]))
    return StemPairs(str(picture), str(mask), patterns_linking(picture, mask))
