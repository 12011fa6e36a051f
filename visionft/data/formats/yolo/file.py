"""The ``data.yaml`` of YOLO data sets, read and written. The only reader of YAML among the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visionft.data.formats.yolo.darknet import is_darknet_file, read_darknet
from visionft.data.formats.yolo.names import names_in
from visionft.data.naming import shorten, some, split_of
from visionft.data.splits import SPLITS, Split
from visionft.data.texts import decode_text
from visionft.errors import DataError
from visionft.imaging.regular_file import read_regular_file

_MOST_BYTES = 1 << 18  # of a data.yaml; larger ones describe something else
_NOTHING = ("", "~", "null", "none")
_ABOUT = (
    "author author_email authors channels colors colours contact contributor contributors copyright date date_created "
    "description download flip_idx homepage image_size img_size imgsz info kpt_names kpt_shape license licence name "
    "names nc notes path project roboflow skeleton source stride task type url version workspace year"
)
_KEYS = frozenset(_ABOUT.split())
"""What else stands in such files, and is not needed."""


@dataclass(frozen=True, slots=True)
class YoloFile:
    """What a ``data.yaml``, or an ``obj.data``, says.

    Attributes:
        path: the file.
        base: its ``path``, as it stands there; empty without one.
        parts: split -> folders of images and files that list images, as they stand there.
        names: class index -> name.
        keypoints: whether objects have points behind their boxes; None where it does not say.
        count: its ``nc``.
        told: what is odd about it.
    """

    path: Path
    base: str
    parts: Mapping[Split, tuple[str, ...]]
    names: Mapping[int, str]
    keypoints: bool | None
    count: int | None
    told: tuple[str, ...] = ()


def read_data_file(path: Path) -> YoloFile:
    """Read a ``data.yaml``, or the ``obj.data`` of Darknet and CVAT.

    Raises:
        DataError: when it cannot be read or says nothing about classes.
    """
    if path.suffix.lower() == ".data":
        of_darknet = read_darknet(path)
        return YoloFile(path, "", of_darknet.parts, of_darknet.names, None, of_darknet.classes, of_darknet.told)
    data, guessed = _load(path)
    if not isinstance(data, dict) or not ("names" in data or "nc" in data):
        raise DataError(f"{path}: has no 'names'; a YOLO data file has names, and train and val with their images")
    told = [f"is not UTF-8; read as {guessed}"] if guessed else []
    count = _count(data["nc"], path) if "nc" in data else None
    names = names_in(data["names"], path) if "names" in data else {i: f"class {i}" for i in range(count or 0)}
    if isinstance(data.get("names"), str):
        told.append(f"names is a text; read as {some(names.values(), 20)}")
    base = data.get("path") or ""
    if not isinstance(base, str):
        raise DataError(f"{path}: path: found {shorten(base)}; it is the folder that train and val lie in")
    strange = [key for key in map(str, data) if key.casefold() not in _KEYS and split_of(key) is None]
    if strange:
        told.append(f"keys that are not understood: {some(strange)}; images are named by train, val and test")
    keypoints = None if "kpt_shape" not in data else not _is_nothing(data["kpt_shape"])
    base = "" if _is_nothing(base) else base
    return YoloFile(path, base, _all_parts(data, path), names, keypoints, count, tuple(told))


def is_data_file(path: Path) -> bool:
    """Return whether a file describes a YOLO data set: it names classes and the images of a split."""
    if path.suffix.lower() == ".data":
        return is_darknet_file(path)
    try:
        data, _ = _load(path)
    except DataError:
        return False
    return isinstance(data, dict) and ("names" in data or "nc" in data) and any(split_of(str(key)) for key in data)


def names_of_yaml(path: Path) -> dict[int, str]:
    """Return class index -> name from a YAML file that may name nothing else; nothing where it names none.

    Raises:
        DataError: when it cannot be read.
    """
    data, _ = _load(path)
    return names_in(data["names"], path) if isinstance(data, dict) and "names" in data else {}


def write_yaml(path: Path, splits: Sequence[Split], names: Sequence[str]) -> None:
    """Write the ``data.yaml`` of a folder whose images lie in ``images/train`` and so on."""
    import yaml  # other formats do without

    folders: dict[str, str] = {split: f"images/{split}" for split in splits}
    data = {"path": ".", **folders, "names": dict(enumerate(names))}
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _load(path: Path) -> tuple[Any, str]:
    """Return what a YAML file says, every scalar as the text that stands there, and a guessed encoding.

    A class called ``no`` or ``1.10`` keeps its name so.
    """
    import yaml  # other formats do without

    try:
        data = read_regular_file(path)
        if len(data) > _MOST_BYTES:
            raise DataError(f"{path}: has {len(data):,} bytes, which no YOLO data file needs")
        text, guessed = decode_text(data)
        for event in yaml.parse(text, yaml.BaseLoader):
            if isinstance(event, yaml.AliasEvent):
                raise DataError(
                    f"{path}: holds aliases (*name), of which a few bytes can expand to gigabytes; write them out"
                )
        return yaml.load(text, yaml.BaseLoader), guessed  # noqa: S506  # makes nothing but texts, lists and dicts
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: it is no text
        raise DataError(f"{path}: is not YAML ({' '.join(str(error).split())})") from error


def _count(value: Any, path: Path) -> int | None:
    if isinstance(value, str) and _is_nothing(value):
        return None
    text = value.removesuffix(".0") if isinstance(value, str) else ""
    if not text.isdecimal() or not 0 < int(text[:9]) <= 100_000:
        raise DataError(f"{path}: nc: found {shorten(value)}; it is the number of classes")
    return int(text)


def _all_parts(data: Mapping[Any, Any], path: Path) -> dict[Split, tuple[str, ...]]:
    found: dict[Split, tuple[str, ...]] = {}
    for split in SPLITS:
        values = [(key, value) for key, value in data.items() if split_of(str(key)) == split]
        parts = [part for key, value in values if not _is_nothing(value) for part in _parts(value, f"{path}: {key}")]
        if parts:
            found[split] = tuple(dict.fromkeys(parts))
    return found


def _parts(value: Any, where: str) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str) and "\0" not in part for part in parts):
        raise DataError(f"{where}: found {shorten(value)}; it is a folder, a list of folders, or a .txt file")
    return tuple(part for part in parts if not _is_nothing(part))


def _is_nothing(value: Any) -> bool:
    return value is None or value in ([], {}) or (isinstance(value, str) and value.casefold() in _NOTHING)
