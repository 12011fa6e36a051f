"""What is laid over a recipe: ``key=value`` texts of a command line, or plain values of a program."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from visionft.errors import RecipeError
from visionft.recipe.document import parse_value

Overrides: TypeAlias = Sequence[str] | Mapping[str, Any]
"""Texts such as ``optim.batch_size=16``; or a dict with dotted keys, ``{"optim.batch_size": 16}``, nested, ``{"optim":
{"batch_size": 16}}``, or both. Dicts in a dict are laid over what the recipe has, any other value takes its place."""


class Override(NamedTuple):
    """One value for one key.

    Attributes:
        key: dotted, such as ``stages.head.epochs``.
        value: plain.
        place: what messages begin with.
        merges: whether a mapping is laid over the recipe's, and does not take its place.
    """

    key: str
    value: Any
    place: str
    merges: bool


def parse_overrides(overrides: Overrides) -> tuple[Override, ...]:
    """Read overrides.

    Raises:
        RecipeError: when a text is not ``key=value``, or they are neither texts nor a dict.
    """
    if isinstance(overrides, Mapping):
        return tuple(Override(str(key), plain(value), "overrides", merges=True) for key, value in overrides.items())
    if isinstance(overrides, str) or not all(isinstance(text, str) for text in overrides):
        raise RecipeError(
            f"overrides: found {overrides!r}; give a dict, or a list of texts such as 'optim.batch_size=16'"
        )
    return tuple(map(_from_text, overrides))


def _from_text(text: str) -> Override:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set {text}: write it as key=value, such as optim.batch_size=16")
    place = f"--set {text}"
    return Override(key.strip(), parse_value(value, place), place, merges=False)


def stated_values(overrides: Sequence[Override]) -> dict[str, Any]:
    """Return dotted key -> value of every override, with the parts of mappings one by one."""
    found: dict[str, Any] = {}
    for override in overrides:
        found |= _leaves(override.key, override.value)
    return found


def _leaves(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {key: value}
    return {inner: leaf for name, part in value.items() for inner, leaf in _leaves(f"{key}.{name}", part).items()}


def plain(value: Any) -> Any:
    """Return a value as a YAML file would have it."""
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [*map(plain, value)]
    return str(value) if isinstance(value, Path) else value
