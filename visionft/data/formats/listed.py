"""Text files that list the images of a split: paths or names, with or without extension, quotes and further columns."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from visionft.data.file_finder import spelling
from visionft.data.naming import counted, some, split_of
from visionft.data.records import Problem
from visionft.data.splits import SPLITS, Split
from visionft.data.texts import read_text
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS

_LIST = re.compile(r"[_\-. ]*(?:lists?|files?|filenames?|names?|ids?|paths?)$")  # what a list of a split is called
_FLAGS = ("-1", "0", "1")  # whether an image shows a class, behind its name


class Names:
    """Files, found by what lists call them.

    Args:
        files: of images or their labels.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._files: dict[str, list[Path]] = defaultdict(list)
        for file in files:
            self._files[spelling(file.stem)].append(file)

    def __len__(self) -> int:
        return sum(map(len, self._files.values()))

    def find(self, line: str) -> Path | None:
        """Return the only file that a line means; None where none or several may be meant."""
        for text in _readings(line):
            path = PurePosixPath(plain(text))
            extension = path.suffix.lower() if path.suffix.lower() in (*IMAGE_EXTENSIONS, ".xml", ".txt") else ""
            stem = path.name.removesuffix(path.suffix) if extension else path.name
            found = self._files.get(spelling(stem), [])
            ranked = sorted(((_shared(file, path, stem), file) for file in found), reverse=True)
            if len(ranked) == 1 or (len(ranked) > 1 and ranked[0][0] > ranked[1][0]):
                return ranked[0][1]
        return None


def _readings(line: str) -> Iterator[str]:
    text = line.strip().strip("\"'").strip()
    words = text.split()
    yield text
    if len(words) > 1 and words[-1] in _FLAGS:
        yield " ".join(words[:-1]).strip("\"'")
    if len(words) > 1:
        yield words[0].strip("\"',")
    if "," in text:
        yield text.split(",")[0].strip("\"' ")


def _shared(file: Path, stated: PurePosixPath, stem: str) -> tuple[int, bool]:
    """Return how many folders two paths share at their end, and whether the extension is the same."""
    folders = 0
    for one, other in zip(reversed(file.parts[:-1]), reversed(stated.parts[:-1]), strict=False):
        if spelling(one) != spelling(other):
            break
        folders += 1
    return folders, file.name == stated.name or (file.stem == stem and not stated.suffix)


def list_split(name: str) -> Split | None:
    """Return the split that a list is called, None for none; ``trainval`` trains."""
    plain = _LIST.sub("", name.casefold())
    return "train" if plain == "trainval" else split_of(plain)


def lines_of(path: Path) -> list[str]:
    """Return what a list names, one each; comments and blank lines left out.

    Raises:
        DataError: when it cannot be read as text.
    """
    return [text for line in read_text(path).text.splitlines() if (text := line.strip()) and not text.startswith("#")]


def find_lists(folders: Iterable[Path], names: Names, *, of_classes: bool = False) -> dict[Path, Split]:
    """Return the files that are called like a split and list images, of the first folder that has some.

    Args:
        folders: where to look.
        names: the files that may be listed.
        of_classes: whether names are those of lists for single classes, ``cat_train.txt``.

    Returns:
        List -> split, in the order of training, validation and testing; ``trainval`` last.
    """
    for folder in folders:
        found: dict[Path, Split] = {}
        for file in sorted(folder.glob("*.txt")) if folder.is_dir() else ():
            split = list_split(file.stem.rpartition("_")[2] if of_classes else file.stem)
            if split is not None and is_list(file, names):
                found[file] = split
        if found:
            return dict(sorted(found.items(), key=lambda item: (is_trainval(item[0]), SPLITS.index(item[1]))))
    return {}


def is_trainval(file: Path) -> bool:
    """Return whether a list is of training and validation together."""
    return file.stem.casefold().endswith("trainval")


def is_list(file: Path, names: Names) -> bool:
    """Return whether a line of the first few names a file; a text file may be anything."""
    try:
        return file.is_file() and any(names.find(line) is not None for line in lines_of(file)[:50])
    except DataError:
        return False


def read_lists(
    lists: Mapping[Path, Split], names: Names, problems: list[Problem]
) -> tuple[dict[Path, Split], list[str]]:
    """Return file -> split of what lists name, and the lines that name nothing.

    Args:
        lists: list -> split; what several name belongs to the first.
        names: the files that may be listed.
        problems: grows by what is in several lists.
    """
    splits: dict[Path, Split] = {}
    lost: dict[str, None] = {}
    for file, split in lists.items():
        twice: dict[str, None] = {}
        for line in lines_of(file):
            found = names.find(line)
            if found is None:
                lost[line] = None
            elif splits.setdefault(found, split) != split and not is_trainval(file):
                twice[found.stem] = None
        if twice:
            images = counted(len(twice), "image is", "images are")
            problems.append(Problem(str(file), f"{images} in another list as well, which counts: {some(twice)}"))
    return splits, list(lost)


def splits_by_lists(
    folders: Iterable[Path], images: Sequence[Path], root: Path, problems: list[Problem]
) -> dict[Path, Split] | None:
    """Return the split of each image that lists state; None where there are no lists.

    Args:
        folders: where lists may lie.
        images: those that may be listed.
        root: their folder, for messages.
        problems: grows by what is listed and not there, and by images that are in no list: these are left out where a
            list says what trains, and train where none does.
    """
    names = Names(images)
    lists = find_lists(folders, names)
    if not lists:
        return None
    splits, lost = read_lists(lists, names, problems)
    if lost:
        what = f"{len(lost)} listed images are not there; left out: {some(lost)}"
        problems.append(Problem(some((str(file) for file in lists), 3), what))
    unlisted = [image for image in images if image not in splits]
    if unlisted and "train" in lists.values():
        what = f"{counted(len(unlisted), 'image is', 'images are')} in no list; left out: "
        problems.append(Problem(str(root), what + some(image.name for image in unlisted)))
    elif unlisted:
        splits |= dict.fromkeys(unlisted, "train")
        what = f"no list says what trains, so that the {len(unlisted)} images in none do"
        problems.append(Problem(str(root), what))
    return splits


def plain(text: str) -> str:
    """Return a path with slashes."""
    return text.replace("\\", "/")
