"""Images and their masks as files in folders."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from visionft.data.formats.masks.classes import find_coding, find_palette
from visionft.data.formats.masks.layout import find_places, tell_unread
from visionft.data.formats.masks.lists import with_listed_splits
from visionft.data.formats.masks.pairing import Pair
from visionft.data.formats.masks.patterns import pairs_by_pattern
from visionft.data.formats.masks.place import fit, pairs_in
from visionft.data.formats.masks.source import MaskFile
from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import counted, some
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.mask import Mask, RawMask
from visionft.errors import DataError

_LAYOUTS = "images/ beside masks/, train/ beside trainannot/, or x.jpg beside x_mask.png"
_PATTERNS = "give data.images and data.masks, such as '**/{name}_RAW.jpg' and '**/{name}_CRACK.png'"


class Masks(DataFormat):
    """An image file and a mask file of the same name each, in a known layout or by the user's patterns.

    Args:
        options: classes, what is ignored, and patterns.
    """

    kind: ClassVar[str] = "masks"
    target: ClassVar[type[Target]] = Mask
    takes: ClassVar[tuple[str, ...]] = ("images", "masks", "ignore", "mask_threshold", "mask_size")

    def read(self, path: Path | None) -> Listing:
        """List the images that have a mask.

        Raises:
            DataError: when the layout is not known, the patterns do not fit, or nothing tells the classes.
        """
        if path is None or not path.is_dir():
            raise DataError(f"{path}: no such folder; give the folder that holds the images and the masks")
        problems: list[Problem] = []
        root, pairs = self._pairs(path, problems)
        pairs = with_listed_splits(root, pairs, problems)
        _tell_without_split(root, pairs, problems)
        masks = [mask for pair in pairs for mask in pair.masks]
        coding = find_coding(masks, root, self._options, problems)
        entries = [
            Entry(
                pair.image.relative_to(root).as_posix(),
                pair.image,
                RawMask(MaskFile(pair.masks[0], coding, pair.masks[1:]), self._options.mask_size == "resize"),
                pair.split,
            )
            for pair in pairs
        ]
        return Listing(
            path.resolve().name,
            tuple(entries),
            coding.names,
            self.target,
            tuple(problems),
            source=str(root),
            palette=find_palette(masks, coding),
        )

    def _pairs(self, path: Path, problems: list[Problem]) -> tuple[Path, list[Pair]]:
        images, masks = self._options.images, self._options.masks
        if images is not None and masks is not None:
            return path, pairs_by_pattern(path, images, masks, problems)
        if images is not None or masks is not None:
            raise DataError(f"{path}: data.images and data.masks belong together; give both or none")
        root, places = find_places(path)
        if not places:
            raise DataError(f"{path}: images with masks are not recognised; known are {_LAYOUTS}; or {_PATTERNS}")
        pairs = [pair for place in places for pair in pairs_in(place, problems)]
        if not pairs:
            raise DataError(f"{root}: no mask is called like an image; {_PATTERNS}\n" + "\n".join(map(str, problems)))
        tell_unread(root, places, problems)
        _tell_several(root, pairs, problems)
        return root, pairs


def _tell_several(root: Path, pairs: Iterable[Pair], problems: list[Problem]) -> None:
    """Tell once for all places which images have several masks."""
    several = [pair.masks for pair in pairs if len(pair.masks) > 1]
    if several:
        shown = " and ".join(mask.name for mask in several[0][:3])
        what = f"{counted(len(several), 'image has', 'images have')} several masks, which are put together: {shown}"
        problems.append(Problem(str(root), what))


def _tell_without_split(root: Path, pairs: Sequence[Pair], problems: list[Problem]) -> None:
    """Tell which images have no stated split where others have one."""
    alone = [pair.image.relative_to(root).as_posix() for pair in pairs if pair.split is None]
    if alone and len(alone) < len(pairs):
        what = f"{counted(len(alone), 'image is', 'images are')} in no stated split, as others are, and may train"
        problems.append(Problem(str(root), f"{what}: {some(alone)}"))


def looks_like_masks(path: Path) -> bool:
    """Return whether a folder has a known layout of images and masks.

    Raises:
        DataError: when its folders are called so, but the names of the files do not match.
    """
    root, places = find_places(path)
    if not places:
        return False
    counts = [fit(place) for place in places]
    pairs, files = sum(count[0] for count in counts), sum(count[1] for count in counts)
    if 2 * pairs >= files:
        return files > 0
    names = f"{places[0].images.name} and {places[0].masks.name}"
    raise DataError(
        f"{root}: {names} look like images and their masks, but only {pairs} of {files} files have a partner of the "
        f"same name; {_PATTERNS}; or, if they are classes, give data.format: folder"
    )
