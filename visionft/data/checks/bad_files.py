"""Files that cannot be used: many with the same defect are told in one line."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.errors import DataError

_DETAILED = 3
_VALUES_SHOWN = 100  # enough for the sparse ids of every class of a large data set


class LabelError(DataError):
    """The mask or the boxes of an image cannot be used.

    Args:
        message: what is wrong with them.
        kind: the same for every image with this defect; empty where the message is.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind or message


class MaskError(LabelError):
    """A mask cannot be used."""


class BoxError(LabelError):
    """Nobody can tell what objects an image has."""


class UnknownValues(MaskError):
    """A mask holds what stands for no class.

    Args:
        message: what is wrong with this mask.
        noun: ``values`` or ``colours``.
        pixels: value as people write it -> pixels, the most frequent first.
        advice: which values are allowed, and what to do.
    """

    def __init__(self, message: str, noun: str = "", pixels: dict[str, int] | None = None, advice: str = "") -> None:
        super().__init__(message, f"{noun} that stand for no class")
        self.noun = noun
        self.pixels = pixels or {}
        self.advice = advice


@dataclass(frozen=True, slots=True)
class BadFile:
    """An entry that cannot be used, by its id, and why."""

    id: str
    error: DataError


def tell(bad: Iterable[BadFile]) -> list[Problem]:
    """Return what is wrong, in words: rare defects file by file, frequent ones in one line each."""
    by_kind: dict[str, list[BadFile]] = defaultdict(list)
    for file in bad:
        by_kind[getattr(file.error, "kind", str(file.error))].append(file)
    return [problem for kind, files in by_kind.items() for problem in _tell_kind(kind, files)]


def _tell_kind(kind: str, files: Sequence[BadFile]) -> list[Problem]:
    unknown = [(file.id, file.error) for file in files if isinstance(file.error, UnknownValues)]
    if len(unknown) > 1:
        return [_union(unknown)]
    if len(files) <= _DETAILED:
        return [Problem(file.id, str(file.error)) for file in files]
    details = [file.id if str(file.error) == kind else f"{file.id} ({file.error})" for file in files]
    return [Problem(f"{len(files)} images", f"{kind}: {some(details, _DETAILED)}")]


def _union(files: Sequence[tuple[str, UnknownValues]]) -> Problem:
    """List every unknown value of all masks, so that they can be mapped in one go."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, error in files:
        for value, pixels in error.pixels.items():
            found[value].append((name, pixels))
    often = sorted(found.items(), key=lambda item: -len(item[1]))
    shown = [
        f"{value} in {len(masks)}" + (f" (first: {masks[0][0]}, {masks[0][1]:,} pixels)" if at < _DETAILED else "")
        for at, (value, masks) in enumerate(often)
    ]
    error = files[0][1]
    text = f"{len(files)} hold {error.noun} that stand for no class: {some(shown, _VALUES_SHOWN)}; {error.advice}"
    return Problem("masks", text)
