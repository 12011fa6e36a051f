"""The section ``task`` of a recipe, which the chosen task's own options validate."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

from visionft.catalog import imported
from visionft.errors import UnknownName
from visionft.tasks import DEFAULT_TASK, TASKS
from visionft.tasks.base import TaskOptions


class TaskSection:
    """Marks the recipe's field of type ``TaskOptions``: pydantic asks it how to check, write and describe that."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Callable[[Any], Any]) -> core_schema.CoreSchema:
        """Return how the section is validated and written."""
        writing = core_schema.plain_serializer_function_ser_schema(asdict)
        return core_schema.no_info_plain_validator_function(validate_task, serialization=writing)

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Callable[[Any], Any]) -> dict[str, Any]:
        """Return the schemas of all tasks, of which a section follows one."""
        return {"anyOf": [task_schema(kind) for kind in TASKS]}


def default_task() -> TaskOptions:
    """Return what the section is when a recipe has none."""
    return _options(DEFAULT_TASK)()


def validate_task(value: Any) -> TaskOptions:
    """Return the options of the task that a section names.

    Keys of other tasks at their defaults say nothing and are dropped, so that a printed recipe can be given another
    task.

    Raises:
        ValidationError: with every problem of the section.
        ValueError: when it is no mapping.
    """
    if isinstance(value, TaskOptions):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("a section is a mapping of keys to values")  # noqa: TRY004  # pydantic collects these only
    kind = value.get("kind", DEFAULT_TASK)
    try:
        TASKS.require(str(kind))
    except UnknownName as error:
        raise ValidationError.from_exception_data("task", [problem(("kind",), kind, str(error))]) from None
    known = {field.name for field in fields(_options(kind))}
    section = dict(value)
    problems = []
    for key in sorted(value.keys() - known, key=list(value).index):
        others = _tasks_with(key)
        if others:
            del section[key]
        if others and all(value[key] != default for default in others.values()):
            problems.append(problem((key,), value[key], f"is for {' and '.join(others)}, not for {kind}; leave it out"))
    try:
        options = _adapter(kind).validate_python(section)
        problems += [problem(tuple(key.split(".")), value, text) for key, text in options.mistakes().items()]
    except ValidationError as error:
        problems += [as_input(found) for found in error.errors(include_url=False)]
    if problems:
        raise ValidationError.from_exception_data("task", problems)
    return options


def task_schema(kind: str) -> dict[str, Any]:
    """Return the JSON schema of one task's section."""
    return _adapter(kind).json_schema()


@cache
def _adapter(kind: str) -> TypeAdapter[TaskOptions]:
    return TypeAdapter(_options(kind))


def _options(kind: str) -> type[TaskOptions]:
    options: type[TaskOptions] = imported(TASKS[kind].options)
    return options


def _tasks_with(key: str) -> dict[str, Any]:
    """Return the tasks whose section has a key, each with the key's default."""
    found = {}
    for kind in TASKS:
        for field in fields(_options(kind)):
            if field.name == key:
                built = None if field.default_factory is MISSING else field.default_factory()
                found[kind] = built if field.default is MISSING else field.default
    return found


def problem(location: tuple[str | int, ...], value: Any, message: str) -> InitErrorDetails:
    """Return a problem of a recipe for pydantic to collect, so that the line of its key is named."""
    return InitErrorDetails(
        type=PydanticCustomError("value_error", "{message}", {"message": message}), loc=location, input=value
    )


def as_input(found: ErrorDetails, within: tuple[str | int, ...] = ()) -> InitErrorDetails:
    """Return a problem that pydantic has found in the form in which it takes one.

    Args:
        found: the problem.
        within: where the value that was looked at is in a larger one.
    """
    return InitErrorDetails(
        type=found["type"], loc=(*within, *found["loc"]), input=found["input"], ctx=found.get("ctx", {})
    )
