"""Validation errors as a person wants them: file and line, key, what was found, what is allowed."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from visionft.recipe.document import Document, Location, show
from visionft.recipe.schema import Recipe


def explain(error: ValidationError, document: Document) -> list[str]:
    """Return one line per problem, in the order of the file.

    Args:
        error: everything pydantic found.
        document: the data it was given, with origins.
    """
    messages: dict[tuple[Location, bool], list[str]] = {}
    for found in error.errors(include_url=False):
        kind = found["type"]
        if kind == "too_short" and found["ctx"]["actual_length"] < len(found["input"]):
            continue  # the list is long enough, but its items are wrong, which is said of each of them
        location = _existing(found["loc"], document.data)
        extra = kind in ("extra_forbidden", "unexpected_keyword_argument")
        missing = kind in ("missing", "missing_argument")
        if missing:
            location = (*location, str(found["loc"][-1]))
        messages.setdefault((location, extra), []).append(_message(found, location, extra, missing))
    lines = []
    for (location, _), texts in messages.items():
        origin = document.origin(location)
        key = f"{show(location)}: " if location else ""
        lines.append((_line_number(origin.place), f"{origin.place}: {key}{_join(texts)}"))
    return [text for _, text in sorted(lines, key=lambda line: line[0])]


def _message(found: Any, location: Location, extra: bool, missing: bool) -> str:
    if extra:
        close = get_close_matches(str(location[-1]), _allowed(location[:-1]), n=1, cutoff=0.5)
        return "unknown key" + (f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(_allowed(location[:-1]))}")
    if missing:
        return "is required"
    text = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] == "value_error":
        return text
    return f"{text[:1].lower()}{text[1:].removesuffix('.')}, found {found['input']!r}"


def _join(texts: list[str]) -> str:
    """Join what the branches of a union say, naming the value found only once."""
    if len(texts) == 1:
        return texts[0]
    wanted = [text.partition(", found ")[0].removeprefix("input ") for text in texts]
    found = texts[0].partition(", found ")[2]
    return " or ".join(wanted) + (f", found {found}" if found else "")


def _existing(location: tuple[str | int, ...], data: Any) -> Location:
    """Cut pydantic's union tags off: keep the parts of the location that exist in the data."""
    kept: list[str | int] = []
    for part in location:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            break
        kept.append(part)
    return tuple(kept)


def _allowed(location: Location) -> list[str]:
    """Return the keys that a section may have, read off the JSON schema."""
    schema = Recipe.model_json_schema()
    options = [schema]
    for part in location:
        inner = [option["items"] if isinstance(part, int) else option["properties"].get(part) for option in options]
        options = [option for node in inner if node for option in _resolve(node, schema)]
    return [name for option in options for name in option.get("properties", {})]


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in node:
        yield from _resolve(schema["$defs"][node["$ref"].rsplit("/", 1)[1]], schema)
    elif "anyOf" in node:
        for option in node["anyOf"]:
            yield from _resolve(option, schema)
    else:
        yield node


def _line_number(place: str) -> int:
    last = place.rsplit(":", 1)[-1]
    return int(last) if last.isdigit() else 1_000_000
