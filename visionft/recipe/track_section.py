"""The key ``track`` of a recipe: trackers by name, each with what its own options allow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, core_schema

from visionft.errors import UnknownName
from visionft.recipe.document import Location
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
        choice, found = _choice(item, (number,) if items is value else ())
        problems += found
        if choice is not None and choice.kind in (known.kind for known in choices):
            problems.append(problem((number,), item, f"{choice.kind} is there twice; leave one out"))
        choices += [choice] if choice is not None else []
    if problems:
        raise ValidationError.from_exception_data("track", problems)
    return tuple(choices)


def _choice(item: Any, at: Location) -> tuple[TrackerChoice | None, list[InitErrorDetails]]:
    """Return the tracker that is at a place of the recipe, or what is wrong with it."""
    if isinstance(item, TrackerChoice):
        return item, []
    if isinstance(item, Mapping) and len(item) == 1:
        kind, options_of_kind = next(iter(item.items()))
        at = (*at, kind)
    elif isinstance(item, str):
        kind, options_of_kind = item, None
    else:
        return None, [problem(at, item, f"{_FORM}; found {item!r}")]
    try:
        TRACKERS.require(str(kind))
        options: TrackerOptions = _adapter(kind).validate_python({} if options_of_kind is None else options_of_kind)
    except UnknownName as error:
        return None, [problem(at, kind, str(error))]
    except ValidationError as error:
        return None, [as_input(found, at) for found in error.errors(include_url=False)]
    mistakes = options.mistakes()
    return TrackerChoice(kind, options), [problem((*at, key), kind, text) for key, text in mistakes.items()]


def _plain(choices: Sequence[TrackerChoice]) -> list[Any]:
    return [{one.kind: asdict(one.options)} if fields(one.options) else one.kind for one in choices]


@cache
def _adapter(kind: str) -> TypeAdapter[TrackerOptions]:
    options: type[TrackerOptions] = TRACKERS[kind].options
    return TypeAdapter(options)
