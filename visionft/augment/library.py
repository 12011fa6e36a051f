"""Transforms of albumentations 2.0.8 by the name of their class. The only module that imports it, if one is named."""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from inspect import Parameter, isclass, signature
from types import MappingProxyType
from typing import Any

import cv2

from visionft.annotations.marks import IGNORE

Problem = tuple[tuple[str, ...], str]
"""(keys below the transform's name, what is wrong there)."""

# what a library raises on values that it does not check beforehand
FAILURES = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError, cv2.error)


class TransformError(ValueError):
    """A transform cannot be made.

    Args:
        problems: all that are found.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(": ".join([*keys, text]) for keys, text in problems))
        self.problems = tuple(problems)


@cache
def transform_classes() -> Mapping[str, Any]:
    """Return the transforms of images that albumentations exports, by name: what may stand in a recipe."""
    library = _library()
    image_only, dual = library.ImageOnlyTransform, library.DualTransform
    return MappingProxyType(
        {
            name: thing
            for name, thing in sorted(vars(library).items())
            if isclass(thing)
            and issubclass(thing, (image_only, dual))
            and thing not in (image_only, dual)
            and not issubclass(thing, library.Transform3D)
        }
    )


def moves(transform: Any) -> bool:
    """Return whether a transform may move what an image shows, and not change its colours alone."""
    return isinstance(transform, _library().DualTransform)


def make_transform(name: str, arguments: Mapping[str, Any]) -> Any:
    """Make a transform. Of masks, what comes from beyond the image is ``IGNORE`` where nothing else is said.

    Args:
        name: of its class.
        arguments: of its initialiser, as plain data.

    Raises:
        TransformError: when there is no such class, or it does not take these arguments.
    """
    kind = transform_classes().get(name)
    if kind is None:
        raise TransformError([((), _no_such(name))])
    known = {key: value for key, value in signature(kind.__init__).parameters.items() if key != "self"}
    unknown = [key for key in arguments if key not in known]
    if unknown:
        raise TransformError([((key,), _no_argument(key, known)) for key in unknown])
    fill = known.get("fill_mask")
    beyond = {"fill_mask": IGNORE} if fill is not None and isinstance(fill.default, int | float) else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it recommends other classes
        try:
            return kind(**beyond, **arguments) if "fill_mask" not in arguments else kind(**arguments)
        except FAILURES as error:
            raise TransformError(list(_problems(error, arguments, known))) from error


@cache
def _library() -> Any:
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # importing it would ask the network for its version
    import albumentations

    return albumentations


def _no_such(name: str) -> str:
    known = transform_classes()
    thing = getattr(_library(), name, None)
    if isclass(thing) and issubclass(thing, _library().BaseCompose):
        return "puts transforms together; list these themselves, which happen in their order, each with its own p"
    if isclass(thing) and issubclass(thing, _library().BasicTransform):
        return "does not give an image; only transforms from images to images can be listed"
    folded = {other.lower(): other for other in known}
    close = [folded[other] for other in get_close_matches(name.lower(), folded, n=3)]
    advice = f"close: {', '.join(close)}" if close else f"these are: {', '.join(known)}"
    return f"albumentations has no such transform; {advice}"


def _no_argument(key: str, known: Mapping[str, Parameter]) -> str:
    close = get_close_matches(key, known, n=1, cutoff=0.5)
    return f"unknown argument; {f'did you mean {close[0]!r}? ' if close else ''}it takes {', '.join(known)}"


def _problems(error: Exception, arguments: Mapping[str, Any], known: Mapping[str, Parameter]) -> Iterator[Problem]:
    """Yield what the library says, one problem for each argument."""
    details = getattr(error.__cause__, "errors", None)  # of pydantic, which it checks arguments with
    if details is None:
        yield (), str(error).split("\n", maxsplit=1)[0]
        return
    texts: dict[str, list[str]] = {}
    without: list[str] = []
    for found in details():
        key = str(found["loc"][0]) if found["loc"] else ""
        if found["type"] == "missing":
            text = "is required"
        else:
            text = str(found["msg"]).removeprefix("Value error, ").removeprefix("Input ").replace("tuple", "list")
        texts.setdefault(key, []).append(text[:1].lower() + text[1:])
    for key, said in texts.items():
        text = " or ".join(dict.fromkeys(said))
        takes = f"it takes {known[key].annotation}" if key in known else ""
        if key in arguments:
            yield (key,), f"{text}, found {arguments[key]!r}; {takes}"
        else:
            without.append(f"{key} {text}; {takes}" if takes else text)
    if without:
        yield (), "; ".join(without)
