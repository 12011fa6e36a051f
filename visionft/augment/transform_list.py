"""What people are told of the transforms of albumentations that recipes may name."""

import inspect
from collections.abc import Mapping
from typing import Any

from visionft.augment.extra import refusal, trial_of
from visionft.augment.library import TransformError, make_transform, transform_classes

_SIDE = 64  # pixels of the canvas on which they are tried
# arguments for those that cannot do without
_EXAMPLES = {
    "height": _SIDE,
    "width": _SIDE,
    "size": (_SIDE, _SIDE),
    "min_max_height": (_SIDE // 2, _SIDE),
    "num_grid_xy": (4, 4),
    "magnitude": 4,
    "percent": 0.1,
}


def transform_summaries() -> dict[str, str]:
    """Return the transforms that can be used: name -> what it does, and its arguments with their defaults."""
    told = {name: _told(name, kind) for name, kind in transform_classes().items()}
    return {name: text for name, text in told.items() if text}


def _told(name: str, kind: Any) -> str:
    """Return what is told of a transform; nothing of one that no recipe can use."""
    known = {key: value for key, value in inspect.signature(kind.__init__).parameters.items() if key != "self"}
    try:
        refused = _refusals(name, {})
    except TransformError:
        try:
            refused = _refusals(name, {key: value for key, value in _EXAMPLES.items() if key in known})
        except TransformError:
            return ""
    for_images, for_objects = refused
    if for_images is not None:
        return ""
    about = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ").rstrip(".")
    arguments = ", ".join(
        key if value.default is inspect.Parameter.empty else f"{key}={value.default!r}" for key, value in known.items()
    )
    return f"{about}{'' if for_objects is None else ' (not for objects)'}: {arguments}"


def _refusals(name: str, arguments: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return why a transform cannot be used for images, and for objects."""
    transform, trial = make_transform(name, arguments), trial_of({name: arguments}, (_SIDE, _SIDE))
    return refusal(transform, trial, objects=False), refusal(transform, trial, objects=True)
