"""Boxes in the XML files of Pascal VOC."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PureWindowsPath
from typing import ClassVar

from visionft.data.box_classes import BoxClasses, choose_classes
from visionft.data.checks.bad_files import BadFile, BoxError, tell
from visionft.data.formats.listed import Names, find_lists, is_list, lines_of, read_lists
from visionft.data.formats.voc.file import VocFile, read_xml
from visionft.data.formats.voc.objects import FROM_ZERO
from visionft.data.fraction_boxes import read_fractions
from visionft.data.listing import DataFormat, Entry, LabelOptions, Listing
from visionft.data.naming import counted, natural_order, some, split_above
from visionft.data.raw_boxes import RawBoxes
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.targets.base import Target
from visionft.data.targets.boxes import Boxes
from visionft.data.walk import images_below, look_into
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS

_LIST_FOLDERS = ("ImageSets/Main", "ImageSets/Segmentation", "ImageSets/Layout", "ImageSets", ".")
_VOC_FOLDERS = ("imagesets", "jpegimages")
_XML_FOLDERS = ("annotations", "annotation", "xml", "xmls", "labels")


@dataclass(frozen=True, slots=True)
class _Pair:
    """An annotation file, what it says or why it says nothing, and its image."""

    xml: Path
    image: Path
    parsed: VocFile | BoxError


class Voc(DataFormat):
    """A folder with ``Annotations`` and ``JPEGImages``, or with XML files beside the images or anywhere below.

    ``ImageSets/Main/{train,val,test,trainval}.txt``, or lists so called elsewhere, make the splits where they are;
    folders called like splits do where they are not. Corners are pixels counted from 1, the last one included, unless
    ``data.corners`` says otherwise. Objects marked ``difficult`` are neither learned nor measured. Classes are the
    names that occur, in natural order. An image without an XML file is left out: nobody looked at it.

    Args:
        options: classes by name; ``images`` is the folder of the images, relative to the data's.
    """

    kind: ClassVar[str] = "voc"
    target: ClassVar[type[Target]] = Boxes
    takes: ClassVar[tuple[str, ...]] = ("images", "ignore", "on_bad_box", "corners")

    def read(self, path: Path | None) -> Listing:
        """List the images that have an XML file.

        Raises:
            DataError: when there is no such folder, or none of them has.
        """
        if path is None or not path.is_dir():
            raise DataError(f"{path}: no such folder; give the one that holds Annotations and JPEGImages")
        if isinstance(self._options.classes, Mapping) or self._options.ignore:
            raise DataError(
                f"{path}: Pascal VOC has names and no numbers of classes; give data.classes a list of names, and take "
                "data.ignore out"
            )
        problems: list[Problem] = []
        root = _descend(path)
        pairs = _pairs(root, self._options, problems)
        names = natural_order(
            name for pair in pairs if isinstance(pair.parsed, VocFile) for name in _names(pair.parsed)
        )
        if not names:
            faults = [BadFile(pair.image.name, pair.parsed) for pair in pairs if isinstance(pair.parsed, BoxError)]
            told = "\n".join(map(str, [*tell(faults), *problems]))
            raise DataError(f"{root}: no XML file of an image holds an object\n{told}")
        _tell_habits(pairs, self._options.corners is None, problems)
        classes = choose_classes(dict(enumerate(names)), self._options, problems)
        splits = _read_lists(root, pairs, problems)
        entries = []
        unlisted = []
        for pair in pairs:
            name = pair.image.relative_to(root).as_posix() if pair.image.is_relative_to(root) else pair.image.name
            if splits and pair.xml not in splits:
                unlisted.append(pair.image.name)
                continue
            split = splits.get(pair.xml) or split_above(pair.xml.relative_to(root))
            entries.append(Entry(name, pair.image, _boxes(pair, classes), split))
        if unlisted:
            what = f"{len(unlisted)} annotated images are in no list; left out: {some(unlisted)}"
            problems.append(Problem(str(root / "ImageSets/Main"), what))
        return Listing(
            root.resolve().name,
            read_fractions(entries, str(root), problems),
            classes.names,
            self.target,
            tuple(problems),
            source=str(path),
        )


def looks_like_voc(path: Path) -> bool:
    """Return whether a folder holds a folder of annotation files, some called like images, or what VOC alone has."""
    root = _descend(path)
    contents = look_into(root, [])
    if any(folder.name.casefold() in _VOC_FOLDERS for folder in contents.folders):
        return True  # without XML files, which is then said
    below = [*contents.folders, *(inner for folder in contents.folders for inner in look_into(folder, []).folders)]
    stems: set[str] = set()
    files: list[Path] = []
    for place in (root, *below):
        xml = _xml_in(place)
        if xml and place.name.casefold() in _XML_FOLDERS:
            return True
        files += xml
        stems.update(image.stem for image in look_into(place, []).images)
    return any(map(_is_annotation, [file for file in files if file.stem in stems][:5]))


def _is_annotation(file: Path) -> bool:
    try:
        read_xml(file)
    except BoxError:
        return False
    return True


def _descend(path: Path) -> Path:
    """Go into the only folder, such as ``VOCdevkit`` and ``VOC2007``, for as long as there is nothing else."""
    contents = look_into(path, [])
    alone = len(contents.folders) == 1 and not contents.images and not _xml_in(path)
    if not alone or contents.folders[0].name.casefold() in _XML_FOLDERS:
        return path
    return _descend(contents.folders[0])


def _xml_in(folder: Path) -> list[Path]:
    return [file for file in look_into(folder, []).others if file.suffix.lower() == ".xml"]


def _pairs(root: Path, options: LabelOptions, problems: list[Problem]) -> list[_Pair]:
    images_in = options.images
    images, others = images_below(root, problems)
    if images_in is not None:
        if not (root / images_in).is_dir():
            raise DataError(f"data.images: {root / images_in}: no such folder; give the folder of the images")
        images = images_below(root / images_in, problems)[0]
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for image in images:
        by_stem[image.stem].append(image)
    pairs: dict[Path, _Pair] = {}
    alone, again = [], []
    for xml in sorted(file for file in others if file.suffix.lower() == ".xml"):
        parsed: VocFile | BoxError
        try:
            parsed = read_xml(xml, options.corners or "pascal")
        except BoxError as error:
            parsed = error
        stated = PureWindowsPath(parsed.file_name).name if isinstance(parsed, VocFile) else ""  # takes both slashes
        found = by_stem.get(xml.stem) or by_stem.get(_stem(stated))
        if not found:
            alone.append(xml.name)
        elif (image := _nearest(found, xml, stated)) in pairs:
            again.append(xml.name)
        else:
            pairs[image] = _Pair(xml, image, parsed)
    _tell(root, alone, "XML files have no image; left out", problems)
    _tell(root, again, "XML files are of an image that has one already; left out", problems)
    bare = [image.name for image in images if image not in pairs]
    what = "images have no XML file; left out, since one without objects needs a file without <object>"
    _tell(root, bare, what, problems)
    return sorted(pairs.values(), key=lambda pair: pair.image)


def _stem(name: str) -> str:
    stem, extension = os.path.splitext(name)  # noqa: PTH122  # of a name, which may be empty
    return stem if extension.lower() in IMAGE_EXTENSIONS else name


def _nearest(images: Iterable[Path], xml: Path, stated: str) -> Path:
    """Return the image that is nearest to its XML file in the tree, or in folders so called, or has the stated name."""

    def distance(image: Path) -> tuple[int, int, bool, Path]:
        shared = len(Path(os.path.commonpath([image.parent, xml.parent])).parts)
        pairs = zip(reversed(image.parent.parts), reversed(xml.parent.parts), strict=False)
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return len(image.parts) - shared, -alike, image.name != stated, image

    return min(images, key=distance)


def _names(parsed: VocFile) -> list[str]:
    return [name for name, _ in parsed.objects if name]


def _tell(root: Path, names: list[str], what: str, problems: list[Problem]) -> None:
    if names:
        problems.append(Problem(str(root), f"{len(names)} {what}: {some(names)}"))


def _read_lists(root: Path, pairs: Iterable[_Pair], problems: list[Problem]) -> dict[Path, Split]:
    """Return annotation file -> split, of the lists that are there; nothing without lists."""
    folders = [root / inner for inner in _LIST_FOLDERS]
    names = Names(pair.xml for pair in pairs)
    lists = find_lists(folders, names) or find_lists(folders, names, of_classes=True)
    splits, lost = read_lists(lists, names, problems)
    if lost:
        what = f"{len(lost)} listed images have no XML file or no picture; left out: {some(sorted(lost))}"
        problems.append(Problem(str(next(iter(lists)).parent), what))
    if not lists:
        _tell_other_lists(folders[:-1], names, problems)
    return splits


def _tell_other_lists(folders: Iterable[Path], names: Names, problems: list[Problem]) -> None:
    """Tell of lists that say something about splits, in names that are those of none."""
    others = [file for folder in folders for file in sorted(folder.glob("*.txt"))]
    strange = [file for file in others if is_list(file, names) and len(lines_of(file)) < len(names)]
    if strange:
        shown = some(file.name for file in strange)
        what = f"lists that are called like no split, and are not used: {shown}; name them train.txt, val.txt, test.txt"
        problems.append(Problem(str(strange[0].parent), what))


def _tell_habits(pairs: Iterable[_Pair], ask_corners: bool, problems: list[Problem]) -> None:
    habits: dict[str, list[str]] = defaultdict(list)
    reaching = False
    for pair in pairs:
        if isinstance(pair.parsed, VocFile):
            reaching |= _reaches_edge(pair.parsed)
            for habit in pair.parsed.habits:
                habits[habit].append(pair.xml.name)
    for habit, names in sorted(habits.items()):
        have = counted(len(names), "XML file has", "XML files have")
        told = f"{have} {habit}: {some(names, 3)}"
        if habit != FROM_ZERO:
            problems.append(Problem("annotations", told))
        elif ask_corners:
            likely = "edges" if reaching else "zero_based"
            advice = f"set data.corners={likely} if they are counted from 0, data.corners=pascal if from 1"
            problems.append(Problem("annotations", f"{told}; {advice}"))


def _reaches_edge(parsed: VocFile) -> bool:
    """Return whether a box ends where the image does, which no pixel counted from 0 does."""
    if parsed.size is None:
        return False
    width, height = parsed.size
    return any(box.numbers[2] == width or box.numbers[3] == height for _, box in parsed.objects if box.numbers)


def _boxes(pair: _Pair, classes: BoxClasses) -> RawBoxes:
    if isinstance(pair.parsed, BoxError):
        return RawBoxes("corners", fault=str(pair.parsed), fault_kind=pair.parsed.kind)
    number_of = {name: number for number, name in classes.known.items()}
    stated = []
    for name, box in pair.parsed.objects:
        labelled = classes.label(box, number_of[name]) if name else box
        if labelled is not None:
            stated.append(labelled)
    return RawBoxes("corners", tuple(stated), f"{pair.xml}: object", size=pair.parsed.size)
