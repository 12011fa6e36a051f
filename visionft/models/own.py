"""What is asked of any part that a program hands over, and how people are told of it."""

from copy import deepcopy
from typing import Any

from torch import nn

from visionft.errors import RecipeError
from visionft.models.backbones.sizes import reason

MISTAKES = (RuntimeError, TypeError, ValueError, AttributeError, LookupError)
"""What a module raises on something that it is not made for; running out of memory is a RuntimeError as well."""


def name_of(part: Any) -> str:
    """Return what a person calls a part: its class or function."""
    return str(getattr(part, "__name__", type(part).__name__))


def described(part: Any) -> str:
    """Return what a person is told that something is which is no part."""
    return f"{part!r}, a name, which goes into the recipe," if isinstance(part, str) else f"a {name_of(part)}"


def copied(part: nn.Module, what: str) -> nn.Module:
    """Return a copy of a module that is handed over, which stays as it is, on the CPU in float32.

    Raises:
        RecipeError: when it cannot be copied.
    """
    try:
        return deepcopy(part).cpu().float()
    except MISTAKES as error:
        raise RecipeError(
            f"{what} {name_of(part)}: cannot be copied ({reason(error)}); give a function that makes it, on the CPU"
        ) from error
