"""Validation errors as a person wants them: file and line, key, what was found, what is allowed."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from visionft.recipe.document import Document, Location, Origin, show
from visionft.recipe.schema import Recipe
from visionft.recipe.task_section import task_schema
from visionft.tasks import DEFAULT_TASK


def explain(error: ValidationError, document: Document) -> list[str]:
    """Return one line per problem, in the order of the file.

    Args:
        error: everything pydantic found.
        document: the data it was given, with origins.
    """
    messages: dict[Location, list[Any]] = {}
    for found in error.errors(include_url=False):
        if found["type"] == "too_short" and found["ctx"]["actual_length"] < len(found["input"]):
            continue  # the list is long enough, but its items are wrong, which is said of each of them
        location = _existing(found["loc"], document.data)
        if found["type"] in ("missing", "missing_argument"):
            location = (*location, found["loc"][-1])
        messages.setdefault(location, []).append(found)
    lines = []
    for location, problems in messages.items():
        place = document.origin(location).place
        key = f"{show(location)}: " if location else ""
        lines.append((_line_number(place), f"{place}: {key}{_in_words(location, problems, document.data)}"))
    return [text for _, text in sorted(lines, key=lambda line: line[0])]


def explain_values(error: ValidationError, values: dict[str, Any]) -> str:
    """Return the same lines for values that a program gives."""
    return "\n".join(explain(error, Document(values, {(): Origin("Recipe", Path())})))


def _in_words(location: Location, problems: list[Any], data: Mapping[str, Any]) -> str:
    """Return what is wrong at one place; a union gives a problem per branch, and any branch would do."""
    kind = problems[0]["type"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _allowed(location[:-1], data)
        close = get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        return f"unknown key; did you mean {close[0]!r}?" if close else f"unknown key; known: {', '.join(known)}"
    if kind in ("missing", "missing_argument"):
        return "is required"
    texts = [str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ") for problem in problems]
    if kind == "value_error":
        return texts[0]
    return f"{' or '.join(text[:1].lower() + text[1:] for text in texts)}, found {problems[0]['input']!r}"


def _existing(location: Location, data: Any) -> Location:
    """Cut pydantic's union tags off: keep the parts of the location that exist in the data."""
    kept: list[str | int] = []
    for part in location:
        known: Collection[Any] = (
            range(len(data)) if isinstance(data, list | tuple) else data if isinstance(data, dict) else ()
        )
        if part not in known:
            break
        data = data[part]
        kept.append(part)
    return tuple(kept)


def _allowed(location: Location, data: Mapping[str, Any]) -> list[str]:
    """Return the keys that a section may have, read off the JSON schema; those of a task follow from its kind."""
    if location == ("task",):
        return list(task_schema(data["task"].get("kind", DEFAULT_TASK))["properties"])
    schema = Recipe.model_json_schema()
    options = [schema]
    for part in location:
        inner = [
            option.get("items") if isinstance(part, int) else option.get("properties", {}).get(part)
            for option in options
        ]
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
