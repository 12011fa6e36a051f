"""Images and masks by what their names share, in trees whose folders say nothing."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_SUFFIX = re.compile(
    r"[ _.-]*(?:masks?|segmentations?|seg|labels?|annot(?:ation)?s?|ground[_ -]?truth|gt|trimaps?|manual\d?"
    r"|(?:gt(?:fine|coarse)_)?(?:labelids|labeltrainids|instanceids|color))(?:[ _-]*\d+)?$",
    re.IGNORECASE,
)
_MAY_BE = re.compile("mask|seg|label|annot|truth|gt|trimap|manual|color|ids")  # in lower case
_OF_IMAGES = re.compile(r"[ _.-]+(?:leftimg8bit|image|img|rgb|raw|sat)$", re.IGNORECASE)
_LEAST = 0.5  # of the images must have a mask


@dataclass(frozen=True, slots=True)
class StemPairs:
    """What links images and masks.

    Attributes:
        image: an image, below the root.
        mask: its mask.
        images_pattern: for ``data.images``.
        masks_pattern: for ``data.masks``.
    """

    image: str
    mask: str
    images_pattern: str
    masks_pattern: str


def find_pairs(images: Sequence[Path], root: Path) -> StemPairs | None:
    """Find images whose names others have as well, with a word for masks behind them.

    Args:
        images: all image files of a tree, in order.
        root: what patterns are relative to.
    """
    if not any(_MAY_BE.search(image.name.lower()) for image in images):
        return None
    masks: dict[str, list[Path]] = defaultdict(list)
    plain: dict[str, list[Path]] = defaultdict(list)
    for image in images:
        name = _SUFFIX.sub("", image.stem)
        if name and name != image.stem:
            masks[name].append(image)
        else:
            plain[_OF_IMAGES.sub("", image.stem)].append(image)
    paired = [name for name in plain if name in masks]
    whole = sum(len(several) for several in plain.values())
    if not paired or sum(len(plain[name]) for name in paired) < _LEAST * whole:
        return None
    picture, mask = (one[paired[0]][0].relative_to(root).as_posix() for one in (plain, masks))
    return StemPairs(picture, mask, *_patterns(picture, mask, paired[0]))


def _patterns(picture: str, mask: str, name: str) -> tuple[str, str]:
    """Return two patterns in which ``{name}`` stands for what two paths share around a name."""
    image, other = PurePosixPath(picture), PurePosixPath(mask)
    above, others = list(image.parts[:-1]), list(other.parts[:-1])
    while above and others and above[-1] == others[-1]:  # {name} may reach over folders
        del above[-1], others[-1]
    return (
        "/".join([*above, f"{{name}}{image.name.removeprefix(name)}"]),
        "/".join([*others, f"{{name}}{other.name.removeprefix(name)}"]),
    )
