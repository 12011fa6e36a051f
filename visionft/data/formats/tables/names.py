"""Which columns of a table name images, labels and splits, by what people call them."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from visionft.data.listing import Columns
from visionft.data.naming import some
from visionft.errors import UnknownName
from visionft.imaging import IMAGE_EXTENSIONS

IMAGE = (
    *("path", "filepath", "imagepath", "imgpath", "relpath", "relativepath", "filename", "imagefilename", "imagefile"),
    *("imgfile", "file", "files", "fname", "imagename", "imgname", "image", "images", "img", "picture", "photo"),
    *("imageindex", "imageid", "imgid", "imageurl", "url", "fileid", "idcode", "isicid", "id", "name"),
)
"""Names of the column of images, in lower case without marks, the surest first."""

LABEL = (
    *("label", "classname", "labelname", "categoryname", "class", "category", "target", "classlabel", "imagelabel"),
    *("tag", "gt", "groundtruth", "classid", "labelid", "categoryid", "classindex", "labelindex", "choice"),
)
"""Names of the column of labels, the surest first."""

LABELS = ("labels", "tags", "classes", "categories", "labelnames", "classnames", "findinglabels", "attributes")
"""Names of the column that holds all labels of an image."""

SPLIT = ("split", "datasplit", "subset", "partition")
"""Names of the column of splits that are never called anything else."""

MAYBE_SPLIT = ("set", "dataset", "phase", "usage", "mode", "group", "fold", "folds", "kfold", "cvfold", "foldid")
"""Names of columns that are of splits where they hold what splits are called."""

FLAGS = {
    **dict.fromkeys(("istest", "istesting"), "test"),
    **dict.fromkeys(("isvalid", "isval", "isvalidation", "isdev"), "val"),
    **dict.fromkeys(("istrain", "istraining", "istrainingimage"), "train"),
}
"""Names of columns that say yes or no to a split."""


def plain(name: str) -> str:
    """Return a column's name in lower case without spaces and marks: ``File Name`` and ``file_name`` are one."""
    return re.sub(r"[\W_]+", "", name.casefold())


def first_named(header: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the column that is called like the first of some plain names that there is; None where none is."""
    by_name = {plain(column): column for column in reversed(header)}
    return next((by_name[name] for name in names if name in by_name), None)


def named_column(header: Sequence[str], name: str, key: str, path: Path) -> str:
    """Return the column that the user names, in any case.

    Raises:
        UnknownName: when there is none.
    """
    found = {column.casefold(): column for column in header}.get(name.casefold()) or first_named(header, [plain(name)])
    if found is None or not name:
        raise UnknownName("column", name, header, where=f"{path}: data.columns.{key}")
    return found


def is_header(cells: Sequence[str], columns: Columns) -> bool:
    """Return whether a column is called as one of images is, or as the user says."""
    if columns.image is not None:
        return columns.image.casefold() in (cell.casefold() for cell in cells)
    return first_named(cells, IMAGE) is not None


def names_an_image(text: str) -> bool:
    """Return whether a text ends like the name of an image file."""
    return PurePosixPath(text.replace("\\", "/").partition("?")[0]).suffix.lower() in IMAGE_EXTENSIONS


def describe(header: Sequence[str]) -> str:
    """List columns as they are written."""
    return some(header, 20)
