"""Options that a recipe gives to a part which it names: checked against what the part's own constructor takes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any

from visionft.errors import RecipeError

_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def options_of(maker: Callable[..., Any], taken: Collection[str] = ()) -> dict[str, Parameter]:
    """Return the named arguments of what makes a part, without those that a recipe does not choose.

    Args:
        maker: a class or function.
        taken: arguments that are given by others.
    """
    found = signature(maker).parameters
    return {name: parameter for name, parameter in found.items() if parameter.kind in _NAMED and name not in taken}


def wrong_options(known: Mapping[str, Parameter], values: Mapping[str, Any]) -> dict[str, str]:
    """Say what is wrong with options: name -> what a person is told.

    A value must be of the kind of the argument's default, where there is one that tells.

    Args:
        known: the arguments that may be given, as ``options_of`` returns them.
        values: option -> value.
    """
    wrong = {
        name: problem
        for name, value in values.items()
        if (problem := _unknown(name, known) if name not in known else _unfit(known[name].default, value))
    }
    missing = [name for name, option in known.items() if option.default is Parameter.empty and name not in values]
    return wrong | dict.fromkeys(missing, "is required")


def as_arguments(known: Mapping[str, Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as a constructor takes them: a list is a tuple where the default is one."""
    return {
        name: tuple(value) if isinstance(value, list) and isinstance(known[name].default, tuple) else value
        for name, value in values.items()
    }


def make_part(maker: Callable[..., Any], options: Mapping[str, Any], where: str, **others: Any) -> Any:
    """Make a part with options of a recipe.

    Args:
        maker: its class.
        options: option -> value.
        where: the key of the recipe that holds the options, for messages.
        others: arguments that no recipe gives; the part gets those that it takes.

    Raises:
        RecipeError: naming each option that is unknown, missing or of another kind; or when the part refuses them.
    """
    wrong = wrong_options(options_of(maker, others), options)
    if wrong:
        raise RecipeError("\n".join(f"{where}.{name}: {problem}" for name, problem in wrong.items()))
    try:
        return _build(maker, options, others)
    except (RecipeError, TypeError, ValueError) as error:
        raise RecipeError(f"{where}: {error}") from error


def problems_with(maker: Callable[..., Any], options: Mapping[str, Any], **others: Any) -> dict[str, str]:
    """Say what is wrong with options: name -> what a person is told, with no name where the part refuses all of them.

    Arguments are those of ``make_part``.
    """
    wrong = wrong_options(options_of(maker, others), options)
    if not wrong:
        try:
            _build(maker, options, others)
        except (RecipeError, TypeError, ValueError) as error:
            return {"": str(error)}
    return wrong


def _build(maker: Callable[..., Any], options: Mapping[str, Any], others: Mapping[str, Any]) -> Any:
    known = options_of(maker)
    return maker(**as_arguments(known, options), **{name: other for name, other in others.items() if name in known})


def _unknown(name: str, known: Collection[str]) -> str:
    if not known:
        return "unknown option; it takes none"
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"unknown option; {f'did you mean {close[0]!r}? ' if close else ''}it takes {', '.join(sorted(known))}"


def _unfit(default: Any, value: Any) -> str:
    """Say what is wanted in the place of a value; empty where it will do."""
    if isinstance(default, bool):
        fits, expected = isinstance(value, bool), "true or false"
    elif isinstance(default, int | float):
        fits, expected = _is_number(value), "a number"
    elif isinstance(default, str):
        fits, expected = isinstance(value, str), "a text"
    elif isinstance(default, tuple):
        fits = isinstance(value, Sequence) and not isinstance(value, str) and all(map(_is_number, value))
        expected = f"a list of numbers, such as {list(default)}"
    else:
        return ""
    return "" if fits else f"is to be {expected}, found {value!r}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
