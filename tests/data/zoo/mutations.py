"""What happens to trees on their way: files and folders that are dropped or renamed, keys that are missing."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from visionft.data.naming import is_junk

TEXTS = (".json", ".yaml", ".yml", ".csv", ".tsv", ".xml", ".txt")
_RENAMED = "{}_old"


@dataclass(frozen=True)
class Mutation:
    """A change to a tree.

    Attributes:
        name: what is done to what.
        apply: does it, given the root of a copy.
        drops: the file or folder that is gone, below the root; None where everything is still there.
    """

    name: str
    apply: Callable[[Path], None]
    drops: Path | None = None


def mutations_of(root: Path) -> Iterator[Mutation]:
    """Yield a folder of each name and a file of each kind in each folder dropped and renamed, and each key of texts.

    Junk stays as it is.
    """
    seen: set[tuple[Path | str, str]] = set()
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        kind = (path.parent, path.suffix) if path.is_file() else ("", path.name)
        if kind in seen or any(map(is_junk, inside.parts)):
            continue
        seen.add(kind)
        yield from _of_path(inside)
        if path.is_file() and path.suffix in TEXTS and path.suffix != ".txt":
            yield from _of_keys(path, inside)


def _of_path(path: Path) -> Iterator[Mutation]:
    def drop(root: Path) -> None:
        for file in sorted((root / path).rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        (root / path).rmdir() if (root / path).is_dir() else (root / path).unlink()

    def rename(root: Path) -> None:
        (root / path).rename(root / path.with_name(f"{_RENAMED.format(path.stem)}{path.suffix}"))

    yield Mutation(f"drop {path}", drop, path)
    yield Mutation(f"rename {path}", rename)


def _of_keys(file: Path, path: Path) -> Iterator[Mutation]:
    text = file.read_text(encoding="utf-8-sig")
    for what, changed in _changed(text, file.suffix):

        def write(root: Path, changed: str = changed) -> None:
            (root / path).unlink()  # a link to the file of others
            (root / path).write_text(changed, encoding="utf-8")

        yield Mutation(f"{what} of {path}", write)


def _changed(text: str, ending: str) -> Iterator[tuple[str, str]]:
    if ending == ".json":
        data = json.loads(text)
        for what, value in _without_keys(data):
            yield what, json.dumps(value)
    elif ending in (".yaml", ".yml"):
        data = yaml.safe_load(text)
        for key in data:
            yield f"drop key {key}", yaml.safe_dump({name: value for name, value in data.items() if name != key})
    elif ending == ".xml":
        for tag in sorted(set(re.findall(r"<(\w+)", text)) - {"annotation"}):
            yield f"rename tag {tag}", re.sub(rf"(</?){tag}\b", rf"\1{_RENAMED.format(tag)}", text)
    else:
        head, _, rows = text.partition("\n")
        delimiter = next((mark for mark in ";\t," if mark in head), ",")
        for column in head.split(delimiter):
            names = [_RENAMED.format(name) if name == column else name for name in head.split(delimiter)]
            yield f"rename column {column}", f"{delimiter.join(names)}\n{rows}"


def _without_keys(data: object) -> Iterator[tuple[str, object]]:
    """Yield a JSON value without each key, and without each key in the first and in all records of a list."""
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        yield f"drop key {key}", {name: one for name, one in data.items() if name != key}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for field in value[0]:
                first, *others = value
                short = {name: one for name, one in first.items() if name != field}
                yield f"drop key {key}[0].{field}", data | {key: [short, *others]}
                bare = [{name: one for name, one in record.items() if name != field} for record in value]
                yield f"drop key {key}[*].{field}", data | {key: bare}
