"""A YAML file as plain data that remembers on which line each value stands."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from visionft.errors import RecipeError

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written.

    Attributes:
        place: what a message starts with, such as ``recipes/a.yaml:6`` or ``--set seed=x``.
        folder: what relative paths in it are relative to.
        overrides: whether it was laid over a recipe by its user.
    """

    place: str
    folder: Path
    overrides: bool = False


@dataclass(slots=True)
class Document:
    """Plain data and the origin of every part of it."""

    data: dict[str, Any]
    origins: dict[Location, Origin] = field(default_factory=dict)

    def origin(self, location: Location) -> Origin:
        """Return the origin of the value, or of the nearest thing around it."""
        while location and location not in self.origins:
            location = location[:-1]
        return self.origins.get(location, Origin("recipe", Path()))

    def get(self, location: Location) -> Any:
        """Return a value; None where there is none."""
        return _get(self.data, location)

    def put(self, location: Location, value: Any, origin: Origin) -> None:
        """Set a value; mappings on the way are made, lists are not."""
        holder: Any = self.data
        for position, part in enumerate(location[:-1]):
            if isinstance(holder, dict):
                holder = holder.setdefault(part, {})
            elif isinstance(holder, list) and isinstance(part, int) and part < len(holder):
                holder = holder[part]
            if not isinstance(holder, dict | list):
                raise RecipeError(f"{origin.place}: {show(location[: position + 1])} holds no further keys")
        last = location[-1]
        if isinstance(holder, list) and not (isinstance(last, int) and last < len(holder)):
            raise RecipeError(f"{origin.place}: {show(location)}: there are {len(holder)} entries, counted from 0")
        self.forget(location)
        holder[last] = value
        self.origins[location] = origin

    def forget(self, location: Location) -> None:
        """Drop the origins of a value and of everything in it."""
        for known in [known for known in self.origins if known[: len(location)] == location]:
            del self.origins[known]

    def merged_over(self, parent: "Document") -> "Document":
        """Lay this document over another: mappings merge, anything else replaces."""
        result = Document(_copy(parent.data), dict(parent.origins))
        self._lay(self.data, (), result)
        return result

    def _lay(self, data: dict[str, Any], at: Location, onto: "Document") -> None:
        for key, value in data.items():
            here = (*at, key)
            below = _get(onto.data, here)
            if isinstance(value, dict) and isinstance(below, dict):
                self._lay(value, here, onto)
            else:
                onto.put(here, _copy(value), self.origin(here))
                onto.origins |= {loc: place for loc, place in self.origins.items() if loc[: len(here)] == here}


def show(location: Location) -> str:
    """Write a location as people do: ``stages[1].epochs``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".")


def read_document(path: Path, shown_as: str) -> Document:
    """Read a YAML file.

    Raises:
        RecipeError: when the file cannot be read, is not YAML, repeats a key, or is not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{shown_as}: cannot be read: {error}") from error
    document = Document({})
    document.data = _parse(text, shown_as, path.resolve().parent, document.origins)
    return document


def parse_value(text: str, place: str) -> Any:
    """Read the right-hand side of ``--set key=value`` as YAML."""
    holder = _parse(f"value: {text}", place, Path(), {})
    return holder["value"]


class _Loader(yaml.SafeLoader):
    """Safe YAML without aliases (a few bytes can expand to gigabytes) and with 1e-3 as a number."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not allowed", problem_mark=self.get_mark())
        return super().compose_node(parent, index)


# what is a number beyond PyYAML's own rules: tag, pattern, first characters
SCIENTIFIC = ("tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789"))
_Loader.add_implicit_resolver(*SCIENTIFIC)


def _parse(text: str, place: str, folder: Path, origins: dict[Location, Origin]) -> dict[str, Any]:
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        data = {} if node is None else _plain(node, loader, (), place, folder, origins)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise RecipeError(f"{place}{line}: not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise RecipeError(f"{place}: not valid YAML: {error}") from error
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(data, dict):
        raise RecipeError(f"{place}: a recipe is a mapping of keys to values; found {type(data).__name__}")
    return data


def _plain(
    node: yaml.Node, loader: _Loader, at: Location, place: str, folder: Path, origins: dict[Location, Origin]
) -> Any:
    origins[at] = Origin(f"{place}:{node.start_mark.line + 1}", folder)
    if not node.tag.startswith("tag:yaml.org,2002:") or ":python/" in node.tag:
        raise yaml.MarkedYAMLError(problem=f"the tag {node.tag} is not allowed", problem_mark=node.start_mark)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in mapping:
                raise yaml.MarkedYAMLError(problem=f"key {key!r} is given twice", problem_mark=key_node.start_mark)
            mapping[key] = _plain(value_node, loader, (*at, key), place, folder, origins)
            origins[(*at, key)] = Origin(f"{place}:{key_node.start_mark.line + 1}", folder)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, loader, (*at, i), place, folder, origins) for i, item in enumerate(node.value)]
    return loader.construct_object(node)


def _get(data: Any, location: Location) -> Any:
    for part in location:
        known = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
        if part not in known:
            return None
        data = data[part]
    return data


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
