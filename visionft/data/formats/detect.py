"""Which format reads what lies at a path.

The same files can often be read for several targets: COCO annotations as boxes, polygons or masks. A layout has one
format for each of these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from visionft.data.formats import FORMATS
from visionft.data.formats.class_folders import describe_class_folders
from visionft.data.formats.coco.find import coco_files
from visionft.data.formats.coco.sniff import coco_kind
from visionft.data.formats.drawings.cvat import cvat_files, cvat_kind
from visionft.data.formats.drawings.labelme import labelme_files, labelme_kind
from visionft.data.formats.label_sets.folder import find_label_files, labels_beside_images
from visionft.data.formats.masks.reader import looks_like_masks
from visionft.data.formats.other_tools import require_known_tool
from visionft.data.formats.suspicion import require_class_folders
from visionft.data.formats.table_kinds import table_format, tables_of_images
from visionft.data.formats.tables.headless import is_known
from visionft.data.formats.voc.reader import looks_like_voc
from visionft.data.formats.yolo.file import is_data_file
from visionft.data.formats.yolo.layout import find_data_file, looks_like_yolo
from visionft.data.listing import LabelOptions
from visionft.data.targets.base import Target
from visionft.data.walk import each_folder_listed_once
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS


@dataclass(frozen=True, slots=True)
class Layout:
    """A way in which files lie in a folder, and the formats that read it.

    Attributes:
        sought: what is looked for, in words.
        formats: names in ``FORMATS``, the one that is taken in doubt first; each for another target.
        find: returns what makes a folder look like it, such as its annotation files; nothing where it does not.
        in_doubt: decides, given what was found, where no format makes the wanted target; None takes the first.
        weak: whether it is a sign of this layout only where its targets are wanted.
    """

    sought: str
    formats: tuple[str, ...]
    find: Callable[[Path], Sequence[Path]]
    in_doubt: Callable[[Sequence[Path]], str] | None = None
    weak: bool = False

    def makes(self, target_type: type[Target] | None) -> bool:
        """Return whether a format makes the wanted target, or what it is a kind of."""
        if target_type is None:
            return not self.weak
        return any(issubclass(target_type, FORMATS[name].target) for name in self.formats)

    def format_for(self, target_type: type[Target] | None, found: Sequence[Path]) -> str:
        """Return the format that makes the wanted target, else the one that is taken in doubt."""
        for name in self.formats:
            if FORMATS[name].target is target_type:
                return name
        return self.formats[0] if self.in_doubt is None else self.in_doubt(found)


def _if(looks_like: Callable[[Path], bool]) -> Callable[[Path], Sequence[Path]]:
    return lambda path: [path] if looks_like(path) else []


_COCO = Layout(
    "COCO (annotations/*.json, train/_annotations.coco.json)",
    ("coco", "coco_instances", "coco_masks", "coco_labels"),
    coco_files,
    coco_kind,
)
_TABLE = Layout("a CSV file or a list of images", ("manifest", "values", "label_table", "box_table"), _if(Path.is_file))
_MASKS = Layout("images/ and masks/, or x.jpg and x_mask.png", ("masks",), _if(looks_like_masks))
_YOLO = Layout(
    "YOLO (data.yaml, labels/ beside images/, x.txt beside x.jpg)",
    ("yolo", "yolo_outlines", "yolo_labels"),
    _if(looks_like_yolo),
)
_DEEP_YOLO = Layout("", _YOLO.formats, _if(lambda path: find_data_file(path, deep=True) is not None), weak=True)
_VOC = Layout("Pascal VOC (Annotations/*.xml, x.xml beside x.jpg)", ("voc", "voc_labels"), _if(looks_like_voc))
_LABELS = Layout("a .json or .txt file that lists labels", ("label_file",), find_label_files, weak=True)
_LABELS_BESIDE = Layout("", _LABELS.formats, labels_beside_images)
_LABELME = Layout(
    "labelme (x.json beside x.jpg)",
    ("labelme", "labelme_polygons", "labelme_masks", "labelme_labels", "labelme_classes"),
    labelme_files,
    labelme_kind,
)
_CVAT = Layout(
    "CVAT for images (annotations.xml)",
    ("cvat", "cvat_polygons", "cvat_masks", "cvat_labels", "cvat_classes"),
    cvat_files,
    cvat_kind,
)
_TABLES = Layout("", _TABLE.formats, tables_of_images)
_CLASSES = Layout("a folder per class", ("folder",), _if(Path.is_dir))

_OF_FOLDERS = (_COCO, _MASKS, _YOLO, _CVAT, _VOC, _LABELME, _DEEP_YOLO, _LABELS, _TABLES, _LABELS_BESIDE)
"""What a folder is searched for, masks before boxes: boxes can be made of them, but not the other way round."""

_IN_DOUBT = (_MASKS, _CLASSES)
"""What it is searched for when that does not make the wanted target; the message then says what it is."""

_OF_FILES = {
    ".json": _COCO,
    ".csv": _TABLE,
    ".tsv": _TABLE,
    ".yaml": _YOLO,
    ".yml": _YOLO,
    ".data": _YOLO,
    ".txt": _LABELS,
    ".xml": _CVAT,
}


def detect_format(
    path: Path,
    target_type: type[Target] | None = None,
    options: LabelOptions = LabelOptions(),  # noqa: B008  # frozen
) -> str:
    """Detect the data format of a path.

    Args:
        path: a folder or a file.
        target_type: the target that is to be made of the labels, where it is known.
        options: what is said about labels.

    Raises:
        DataError: when it looks like none, or like images and masks whose names do not match.
    """
    if path.is_dir():
        likely = [layout for layout in _OF_FOLDERS if layout.makes(target_type)]
        for layout in likely:
            is_table = layout is _TABLES
            if found := tables_of_images(path, options.images) if is_table else layout.find(path):
                return (
                    table_format(path, target_type, options.columns)
                    if is_table
                    else layout.format_for(target_type, found)
                )
        if (other := format_of_another_package(path, target_type)) is not None:
            return other
        require_known_tool(path)
        for layout in _IN_DOUBT:
            if layout not in likely and (found := layout.find(path)):
                return layout.format_for(target_type, found)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    extension = path.suffix.lower()
    if extension in IMAGE_EXTENSIONS:
        raise DataError(
            f"{path}: is an image, not a data set; give the folder that holds the data, such as {path.parent}"
        )
    require_known_tool(path)
    of_file = _layout_of_file(path, target_type)
    if of_file is None or (of_file is _YOLO and not is_data_file(path)) or (of_file is _CVAT and not cvat_files(path)):
        if (other := format_of_another_package(path, target_type)) is not None:
            return other
        raise DataError(
            f"{path}: not a folder of images per class, of images and masks or of images and boxes, not a .csv or .tsv "
            "file that lists images, not a .json file of COCO annotations, not a .txt file of labels, and not the "
            ".yaml file of YOLO data"
        )
    return (
        table_format(path, target_type, options.columns)
        if of_file is _TABLE
        else of_file.format_for(target_type, [path])
    )


def _layout_of_file(path: Path, target_type: type[Target] | None) -> Layout | None:
    """Return the layout of a file by its ending, and for texts and JSON by what it holds."""
    ending = path.suffix.lower()
    by_ending = _OF_FILES.get(ending)
    if by_ending not in (_LABELS, _COCO):
        return by_ending
    if by_ending is _COCO and labelme_files(path):
        return _LABELME
    listed = bool(_LABELS.find(path))
    if listed and _LABELS.makes(target_type):
        return _LABELS
    if is_known(path):
        return _TABLE
    return _LABELS if listed else by_ending


@each_folder_listed_once()
def choose_format(
    path: Path,
    target_type: type[Target] | None = None,
    options: LabelOptions = LabelOptions(),  # noqa: B008  # frozen
) -> str:
    """Detect the data format of a path as ``detect_format`` does, and take none on a guess that nobody would make.

    Raises:
        DataError: when folders look like something else than classes, or what is wanted is not there; it says what
            was looked for and what was found instead.
    """
    kind = detect_format(path, target_type, options)
    if kind != "folder":
        return kind
    if target_type is None or _CLASSES.makes(target_type):
        require_class_folders(path)
        return kind
    try:
        require_class_folders(path)
        found = describe_class_folders(path)
    except DataError as error:
        found = str(error).removeprefix(f"{path}: ")
    sought = ", ".join(one.sought for one in (*_OF_FOLDERS, _TABLE) if one.sought and one.makes(target_type))
    raise DataError(f"{path}: no image has a {target_type.singular} here. Looked for {sought}. Found instead: {found}")


def format_of_another_package(path: Path, target_type: type[Target] | None = None) -> str | None:
    """Return the format of another package that recognises a folder or file, rather one that makes the target."""
    names = [name for name in FORMATS if name not in FORMATS.shipped and FORMATS[name].recognises(path)]
    return next((name for name in names if FORMATS[name].target is target_type), names[0] if names else None)


def states_target(path: Path, target_type: type[Target], options: LabelOptions) -> bool:
    """Return whether data of no named format hold such targets; what cannot be read does not.

    Args:
        path: a folder or a file.
        target_type: the target.
        options: what is said about labels.
    """
    try:
        name = detect_format(path, target_type, options)
        return FORMATS[name].target is target_type and bool(FORMATS[name](options).states_target(path))
    except DataError:
        return False
