"""The images that files of annotations name, and what is told of them."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from visionft.data.naming import counted, some
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import images_below
from visionft.errors import DataError


class DrawnImages:
    """Finds images below a folder by the end of their path, and without their extension.

    Args:
        root: the folder of the data.
        images_in: the folder of the images, relative to it; None looks everywhere below.
    """

    def __init__(self, root: Path, images_in: str | None) -> None:
        folder = root if images_in is None else root / images_in
        if not folder.is_dir():
            raise DataError(f"data.images: {folder}: no such folder; give the folder of the images, relative to {root}")
        self.images = sorted(images_below(folder, [])[0])
        self._by_name = defaultdict(list)
        for image in self.images:
            for name in {image.name.casefold(), image.stem.casefold()}:
                self._by_name[name].append(image)

    def find(self, stated: str, beside: Path) -> Path | None:
        """Return the image whose path ends like the stated one most, and lies nearest to a file; None without any.

        Args:
            stated: what a file calls it, with slashes of any kind.
            beside: that file.
        """
        parts = [part.casefold() for part in PureWindowsPath(stated).parts if part not in (".", "..")]
        if not parts:
            return None
        candidates = self._by_name.get(parts[-1]) or self._by_name.get(PurePosixPath(parts[-1]).stem, [])

        def likeness(image: Path) -> tuple[int, int]:
            folders = [part.casefold() for part in image.parts[-2::-1]]
            alike = [one == other for one, other in zip(folders, parts[-2::-1], strict=False)]
            shared = [one == other for one, other in zip(image.parts, beside.parts, strict=False)]
            return ([*alike, False]).index(False), ([*shared, False]).index(False)

        best = max(map(likeness, candidates), default=None)
        fitting = [image for image in candidates if likeness(image) == best]
        return fitting[0] if len(fitting) == 1 else None

    def tell_unlisted(self, used: set[Path], what: str, where: Path, problems: list[Problem]) -> None:
        """Tell of images that no file is about: nobody looked at them."""
        if bare := [image.name for image in self.images if image not in used]:
            images = counted(len(bare), f"image has {what}", f"images have {what}")
            problems.append(Problem(str(where), f"{images} and nobody looked at them; left out: {some(bare)}"))


def tell_without_split(splits: Mapping[str, Split | None], where: Path, problems: list[Problem]) -> None:
    """Tell of images that are in no split, where others are: they train.

    Args:
        splits: of each image, by its id.
        where: their folder.
        problems: grows by one, or by nothing.
    """
    bare = [name for name, split in splits.items() if split is None]
    if bare and len(bare) < len(splits):
        images = counted(len(bare), "image is", "images are")
        problems.append(
            Problem(str(where), f"{images} in no split, unlike others, and count as training: {some(bare)}")
        )


def tell(where: Path, names: list[str], one: str, several: str, problems: list[Problem]) -> None:
    """Tell how many there are of something, and name the first few; nothing where there are none."""
    if names:
        problems.append(Problem(str(where), f"{counted(len(names), one, several)}: {some(names)}"))
