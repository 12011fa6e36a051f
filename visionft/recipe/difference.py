"""In which keys two recipes differ."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from visionft.recipe.schema import Recipe


class Difference(NamedTuple):
    """One key that has another value.

    Attributes:
        key: dotted, with stages by their names, as ``--set`` takes it.
        old: the plain value in the first recipe; None where it has no such key.
        new: that in the second.
    """

    key: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.key}: {_shown(self.old)} then, {_shown(self.new)} now"


def differences(old: Recipe, new: Recipe) -> list[Difference]:
    """Return the keys in which two recipes differ, in the order of the schema.

    Stages are compared by name where both recipes have the same names in the same order, else as a whole.
    """
    sides = [_plain(old), _plain(new)]
    names = [[stage["name"] for stage in side["stages"]] for side in sides]
    if names[0] == names[1]:
        for side in sides:
            side["stages"] = {stage["name"]: stage for stage in side["stages"]}
    else:
        for side, of_side in zip(sides, names, strict=True):
            side["stages"] = of_side
    return list(_differing((), *sides))


def _plain(recipe: Recipe) -> dict[str, Any]:
    return recipe.model_dump(mode="json")


def _differing(place: tuple[str, ...], old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _differing((*place, str(key)), old.get(key), new.get(key))
    elif old != new:
        yield Difference(".".join(place), old, new)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
