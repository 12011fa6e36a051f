"""What folders of images that nothing was recognised in look like, before they are taken for classes."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from visionft.data.formats import FORMATS
from visionft.data.formats.class_folders import ClassFolder, find_class_folders
from visionft.data.formats.manifest import ADVICE
from visionft.data.formats.masks.hints import mask_patterns
from visionft.data.formats.sidecars import Sidecars, find_sidecars
from visionft.data.formats.stem_pairs import find_pairs
from visionft.data.formats.table_kinds import table_format
from visionft.data.formats.tables.headless import head_of
from visionft.data.formats.tables.table import Table
from visionft.data.listing import Columns, Entry, LabelOptions
from visionft.data.naming import some, splits_among, words_of
from visionft.data.targets.label import RawLabel
from visionft.data.walk import Contents, look_into, walk
from visionft.errors import DataError, MissingExtra
from visionft.imaging import IMAGE_EXTENSIONS

_IMAGES = {"images", "image", "imgs", "img", "jpegimages", "rgb", "raw", "png", "jpg", "jpeg", "pictures", "photos"}
_LABELS = {
    *("masks", "mask", "labels", "label", "annotations", "annotation", "annots", "annot", "gt", "groundtruth"),
    *("trimaps", "xmls", "xml", "json", "ann", "seg", "segmentation", "segmentations"),
}
_MOST_STARTS = 50  # different beginnings of names that may be classes
_NEVER_MASKS = (".jpg", ".jpeg")
_LISTS = (".csv", ".tsv", ".txt", ".json")
_MOST_LISTS = 20  # files that are opened
_IMAGE_NAMES = re.compile(
    rf"[^\s\"',;|]+(?:{'|'.join(sorted(re.escape(ending) for ending in IMAGE_EXTENSIONS))})\b", re.IGNORECASE
)
_AS_TABLE = "if it tells their labels, write a CSV of path,label, or of path,xmin,ymin,xmax,ymax,class for boxes"
_UNMISTAKABLE = {  # letters alone
    *("jpegimages", "leftimgbit", "gtfine", "gtcoarse", "segmentationclass", "segmentationobject", "imagesets"),
}


_NEVER_ABOVE_CLASSES = {"leftimgbit", "gtfine", "gtcoarse"}


@dataclass(frozen=True, slots=True)
class Suspect:
    """What a tree looks like.

    Attributes:
        what: in words.
        lines: recipe lines that may make it readable, each as option -> value; the first that does is advised.
        otherwise: what to do where none does.
    """

    what: str
    lines: tuple[dict[str, str], ...] = ()
    otherwise: str = ""


@dataclass(frozen=True)
class _Tree:
    """Everything below a folder.

    Attributes:
        root: the folder.
        classes: the folders that would be those of classes.
        contents: folder at any depth -> what lies in it.
    """

    root: Path
    classes: tuple[ClassFolder, ...]
    contents: Mapping[Path, Contents]

    @cached_property
    def images(self) -> list[Path]:
        """All images, in order of folder."""
        return [image for one in self.contents.values() for image in one.images]

    @cached_property
    def others(self) -> list[Path]:
        """All other files, likewise."""
        return [file for one in self.contents.values() for file in one.others]

    @cached_property
    def class_of(self) -> dict[Path, ClassFolder]:
        """Folder at any depth -> the class folder that it lies in or is; others are left out."""
        known = {one.path: one for one in self.classes}
        found = {}
        for folder in self.contents:
            above = next((one for one in (folder, *folder.parents) if one in known), None)
            if above is not None:
                found[folder] = known[above]
        return found


def require_class_folders(path: Path) -> None:
    """Check that a tree is one of class folders, and nothing that merely lies in folders.

    Args:
        path: a folder that no format was recognised in.

    Raises:
        DataError: when it looks like something else, or has no class folders; it says which line makes it read.
    """
    root, unreadable = path, None
    folders: list[ClassFolder] = []
    try:
        root, folders = find_class_folders(path, [], [])
    except DataError as error:
        unreadable = error
    tree = _Tree(root, tuple(folders), dict(sorted(walk(root, []))))
    for look in _LOOKS:
        if (found := look(tree)) is not None:
            raise DataError(f"{path}: {found.what}; {_advice(path, found, folders)}")
    if unreadable is not None:
        raise unreadable


def _advice(path: Path, found: Suspect, folders: Sequence[ClassFolder]) -> str:
    line = next((one for one in found.lines if _reads(path, one)), None)
    parts = [_written(line) if line is not None else found.otherwise]
    parts += _unread_tables(path)
    names = sorted({one.name for one in folders})
    if len(names) > 1:
        parts.append(f"if {some(names, 3)} are classes all the same, set data.format=folder")
    return "; ".join(filter(None, parts))


def _unread_tables(path: Path) -> list[str]:
    """Return why tables that name images, and lie directly in a folder, are not read."""
    why = []
    for file in look_into(path, []).others:
        if file.suffix.lower() in (".csv", ".tsv") and len(_named_images(file)) > 1:
            try:
                Table.read(file, Columns(), ADVICE)
            except DataError as error:
                why.append(str(error))
    return why


def _written(line: dict[str, str]) -> str:
    return "set " + " and ".join(
        f"data.{key}='{value}'" if "{" in value else f"data.{key}={value}" for key, value in line.items()
    )


def _reads(path: Path, line: dict[str, str]) -> bool:
    """Return whether a format reads a path by a line, so that no advice is given in vain."""
    kind = line.get("format", "masks")
    if kind not in FORMATS:
        return False
    if "path" in line:
        path = Path(line["path"])
        try:
            kind = "coco" if path.suffix.lower() == ".json" and _is_coco(path) else table_format(path, None, Columns())
        except DataError:
            return False
    try:
        options = LabelOptions(images=line.get("images"), masks=line.get("masks"))
        files = [entry.image for entry in FORMATS[kind](options).read(path).entries]
        return 2 * sum(not isinstance(file, Path) or file.is_file() for file in files) >= len(files) > 0
    except (DataError, MissingExtra):
        return False


def _beside_a_json(tree: _Tree) -> Suspect | None:
    """Return what a JSON file of objects makes of a tree."""
    files = [file for file in tree.others if file.suffix.lower() == ".json"]
    found = [file for file in files[:20] if _is_coco(file)]
    if not found:
        return None
    what = (
        f"{some((file.relative_to(tree.root).as_posix() for file in found), 3)} looks like COCO annotations of images"
    )
    otherwise = "it cannot be read as such: look at visionft check on that file, which says why"
    return Suspect(what, ({"format": "coco"}, *({"path": str(file)} for file in found)), otherwise)


def _is_coco(file: Path) -> bool:
    try:
        text = file.read_bytes()
    except OSError:
        return False
    return b'"annotations"' in text and b'"images"' in text


def _beside_a_list(tree: _Tree) -> Suspect | None:
    """Return what a table or a list makes of a tree that lies deeper in it, and names most of its images."""
    files = [file for file in tree.others if file.suffix.lower() in _LISTS]
    stems = {image.stem for image in tree.images}
    files = [file for file in files if file.stem not in stems][:_MOST_LISTS]
    names = {image.name for image in tree.images}
    named = [file for file in files if _says_something(file, names, tree.root)]
    if not named:
        return None
    what = f"{some((file.relative_to(tree.root).as_posix() for file in named), 3)} says something of the images"
    folder = Path(os.path.commonpath([image.parent for image in tree.images]))
    images = os.path.relpath(folder, named[0].parent).replace(os.sep, "/")
    path = str(named[0].parent if len(named) > 1 else named[0])
    return Suspect(what, ({"path": path}, {"path": path, "images": images}), _AS_TABLE)


def _says_something(file: Path, names: set[str], root: Path) -> bool:
    """Return whether a file names images; beside classes, whether it has labels for most of its own as well."""
    if file.parent == root:
        return _reads(file, {"path": str(file)})
    return len(_named_images(file) & names) > 1


def _named_images(file: Path) -> set[str]:
    """Return the file names of images that the first lines of a file name."""
    text = head_of(file)
    return {name.rpartition("/")[2] for name in _IMAGE_NAMES.findall(text.replace("\\", "/"))}


def _beside_sidecars(tree: _Tree) -> Suspect | None:
    found: Sidecars | None = find_sidecars(tree.images, tree.others)
    if found is None:
        return None
    folder = found.files[0].parent
    where = folder.relative_to(tree.root).as_posix() if folder != tree.root else folder.name
    what = f"{len(found.files)} {found.what} are called like images, such as {where}/{found.files[0].name}"
    return Suspect(what, tuple({"format": kind} for kind in found.formats), found.otherwise)


def _pairs(tree: _Tree) -> Suspect | None:
    if (found := find_pairs(tree.images, tree.root)) is not None:
        what = f"these look like images and their masks: {found.image} and {found.mask}"
        return _masks(what, *found.patterns)
    if all(image.name.lower().endswith(_NEVER_MASKS) for image in tree.images):
        return None
    entries = [
        Entry(image.relative_to(tree.root).as_posix(), image, RawLabel(one.name))
        for folder, one in tree.class_of.items()
        for image in tree.contents[folder].images
    ]
    patterns = mask_patterns(entries)
    return None if patterns is None else _masks("these look like images and their masks in two folders", *patterns)


def _masks(what: str, images: str, masks: str) -> Suspect:
    otherwise = (
        f"give patterns such as data.images='{images}' and data.masks='{masks}', in which {{name}} stands for what an "
        "image and its mask share, and for nothing else"
    )
    return Suspect(what, ({"images": images, "masks": masks},), otherwise)


def _folder_names(tree: _Tree) -> Suspect | None:
    """Return what folders are that are called as tools call those of images and of labels."""
    names = {one.name: words_of(one.name) for one in tree.classes}
    images = [name for name, words in names.items() if words & _IMAGES]
    labels = [name for name, words in names.items() if words & _LABELS]
    above = {part for one in tree.classes for part in one.path.relative_to(tree.root.parent).parts[:-1]}
    certain = [name for name, words in names.items() if words & _UNMISTAKABLE]
    certain += sorted(name for name in above if words_of(name) & _NEVER_ABOVE_CLASSES)
    alone = list(names) if len(names) == 1 and (images or labels or "data" in names) else []
    called = certain or alone or (sorted({*images, *labels}) if images and labels else [])
    if not called:
        return None
    are = "is" if len(called) == 1 else "are"
    what = f"{some(called)} {are} called like folders of images or of labels, not like classes"
    otherwise = (
        "no labels were found that belong to these images; put masks into masks/, YOLO's text files into labels/, XML "
        "files into Annotations/ or a COCO file into annotations/, each beside the folder of the images"
    )
    return Suspect(what, (), otherwise)


def _alike_below(tree: _Tree) -> Suspect | None:
    """Return what folders are that hold the same folders."""
    inside: dict[str, set[str]] = defaultdict(set)
    direct: set[str] = set()
    for folder, one in tree.class_of.items():
        if tree.contents[folder].images and folder == one.path:
            direct.add(one.name)
        elif tree.contents[folder].images:
            inside[one.name].add(folder.relative_to(one.path).parts[0])
    shared = Counter(name for names in inside.values() for name in names)
    several = {name for name, count in shared.items() if count > 1}
    alike = [name for name, names in inside.items() if len(names & several) > 1 and name not in direct]
    if len(alike) < 2 or 2 * len(alike) < len({one.name for one in tree.classes}):
        return None
    what = f"{some(alike)} hold folders of the same names, {some(sorted(several))}; which are the classes?"
    otherwise = (
        f"if {some(sorted(several), 3)} are, give one of the folders above them, or call these train, val and test"
    )
    return Suspect(what, (), otherwise)


def _split_beside(tree: _Tree) -> Suspect | None:
    """Return a folder without folders that is called like a split, beside one that only holds folders."""
    tops = {folder.path: tree.contents.get(folder.path, Contents()) for folder in tree.classes if folder.split is None}
    flat = [path.name for path, inside in tops.items() if not inside.folders and splits_among([path.name])]
    deep = [path.name for path, inside in tops.items() if len(inside.folders) > 1 and not inside.images]
    if len(flat) != 1 or not deep or len(flat) + len(deep) < len(tops):
        return None
    what = f"{flat[0]} is called like a split but holds no folders, and {some(deep)} hold nothing else"
    return Suspect(what, (), "call what holds the classes of a split train, val or test")


def _flat(tree: _Tree) -> Suspect | None:
    """Return what tells the classes of images that lie in no class folders: a table, or their names."""
    if tree.classes or not tree.images:
        return None
    tables = [file for file in tree.others if file.suffix.lower() in (".csv", ".tsv") and file.parent == tree.root]
    if tables:
        what = f"holds {len(tree.images)} images in no class folders, and {some(table.name for table in tables)}"
        return Suspect(what, tuple({"path": str(table)} for table in tables), "make a folder per class")
    starts = Counter(re.split(r"[\W\d_]", image.stem)[0] for image in tree.images)
    if not 2 <= len(starts) <= _MOST_STARTS or "" in starts or min(starts.values()) < 2:
        return None
    found = some((f"{start} ({count})" for start, count in sorted(starts.items())), 10)
    what = f"holds {len(tree.images)} images in no class folders, whose names begin with {found}"
    return Suspect(what, (), "if these are the classes, make a folder of each and put its images there")


_LOOKS: tuple[Callable[[_Tree], Suspect | None], ...] = (
    _beside_a_json,
    _beside_sidecars,
    _beside_a_list,
    _pairs,
    _folder_names,
    _alike_below,
    _split_beside,
    _flat,
)
