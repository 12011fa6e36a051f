"""The key ``track`` of a recipe: trackers by name, each with what its own options allow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, core_schema

from visionft.errors import UnknownName
from visionft.recipe.task_section import as_input, problem
from visionft.tracking import TRACKERS
from visionft.tracking.base import TrackerChoice, TrackerOptions

_FORM = "a tracker is a name, such as csv, or a name with its options, such as mlflow: {experiment: cells}"


class TrackSection:
    """Marks the recipe's field of ``TrackerChoice``s: pydantic asks it how to check, write and describe them."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Callable[[Any], Any]) -> core_schema.CoreSchema:
        """Return how the list is validated and written."""
        writing = core_schema.plain_serializer_function_ser_schema(_plain)
        return core_schema.no_info_plain_validator_function(validate_track, serialization=writing)

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Callable[[Any], Any]) -> dict[str, Any]:
        """Return the names, and for each the schema of its options."""
        with_options = {
            "type": "object",
            "properties": {kind: _adapter(kind).json_schema() for kind in TRACKERS},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }
        one = {"anyOf": [{"type": "string", "enum": list(TRACKERS)}, with_options]}
        return {"anyOf": [{"type": "array", "items": one}, one]}


def validate_track(value: Any) -> tuple[TrackerChoice, ...]:
    """Return the trackers that a recipe names; one alone needs no list.

    Raises:
        ValidationError: with every problem.
    """
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    choices: list[TrackerChoice] = []
    problems: list[InitErrorDetails] = []
    for number, item in enumerate(items):
        at = () if items is not value else (number,)
        try:
            choice = _choice(item)
        except ValidationError as error:
            problems += [as_input(found, at) for found in error.errors(include_url=False)]
            continue
        if choice.kind in (known.kind for known in choices):
            problems.append(problem(at, item, f"{choice.kind} is there twice; leave one out"))
        choices.append(choice)
    if problems:
        raise ValidationError.from_exception_data("track", problems)
    return tuple(choices)


def _choice(item: Any) -> TrackerChoice:
    if isinstance(item, TrackerChoice):
        return item
    if isinstance(item, Mapping) and len(item) == 1:
        kind, given = next(iter(item.items()))
        at: tuple[str, ...] = (str(kind),)
    elif isinstance(item, str):
        kind, given, at = item, {}, ()
    else:
        raise ValidationError.from_exception_data("track", [problem((), item, f"{_FORM}; found {item!r}")])
    try:
        TRACKERS.require(str(kind))
    except UnknownName as error:
        raise ValidationError.from_exception_data("track", [problem(at, kind, str(error))]) from None
    try:
        options: TrackerOptions = _adapter(kind).validate_python({} if given is None else given)
    except ValidationError as error:
        found = [as_input(one, at) for one in error.errors(include_url=False)]
        raise ValidationError.from_exception_data("track", found) from None
    if mistakes := options.mistakes():
        found = [problem((*at, key), getattr(options, key), text) for key, text in mistakes.items()]
        raise ValidationError.from_exception_data("track", found)
    return TrackerChoice(kind, options)


def _plain(choices: Sequence[TrackerChoice]) -> list[Any]:
    return [{one.kind: asdict(one.options)} if fields(one.options) else one.kind for one in choices]


@cache
def _adapter(kind: str) -> TypeAdapter[TrackerOptions]:
    options: type[TrackerOptions] = TRACKERS[kind].options
    return TypeAdapter(options)
