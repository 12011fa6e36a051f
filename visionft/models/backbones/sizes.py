"""Which image sizes a network takes, near one that it does not."""

from collections.abc import Callable, Iterable
from math import hypot

from visionft.errors import RecipeError

Size = tuple[int, int]
"""Height and width in pixels."""

# What networks raise on an image size that they were not built for.
WRONG_SIZE = (RuntimeError, AssertionError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
_STEPS = (8, 16, 32, 64, 128)  # pixels that windows, patches and strides add up to
_MOST_TRIED = 10


def nearest_sizes(asked: Size, made_for: Size, run: Callable[[int, int], object]) -> list[Size]:
    """Return sizes that a network takes, the nearest to what was asked for first; at most two.

    Args:
        asked: (height, width), which it does not take.
        made_for: the size that its weights were made for.
        run: runs the network on an image of a height and width, and raises one of ``WRONG_SIZE`` where it cannot.
    """
    works: list[Size] = []
    for size in _candidates(asked, made_for):
        if len(works) < 2 and _runs(run, size):
            works.append(size)
    return works


def advice(works: Iterable[Size]) -> str:
    """Return what to set, as recipes write it; empty where nothing is known to work."""
    values = " or ".join(str(height if height == width else [height, width]) for height, width in works)
    return f"set input.size, or the image_size of the stage, to what it takes near by: {values}" if values else ""


def reason(error: Exception) -> str:
    """Return the first line of what a library says."""
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


def _candidates(asked: Size, made_for: Size) -> list[Size]:
    """Return multiples of the usual steps below and above, and what the weights were made for, coarse steps first.

    A size of coarser steps is likelier to work, so for each step the nearest is taken, and those of 32 are tried first.
    """
    found: dict[Size, None] = {}
    for step in sorted(_STEPS, key=lambda step: (step < 32, abs(step - 32))):
        rounded = [[max(step, side // step * step), -(-side // step) * step] for side in asked]
        sizes = {(height, width) for height in rounded[0] for width in rounded[1]}
        if asked[0] == asked[1]:
            sizes = {(height, width) for height, width in sizes if height == width}
        found |= dict.fromkeys(sorted(sizes - {asked}, key=lambda size: _distance(size, asked)))
    return sorted({*list(found)[: _MOST_TRIED - 1], made_for} - {asked}, key=lambda size: _distance(size, asked))


def _distance(size: Size, asked: Size) -> float:
    return hypot(size[0] - asked[0], size[1] - asked[1])


def _runs(run: Callable[[int, int], object], size: Size) -> bool:
    try:
        run(*size)
    except (RecipeError, *WRONG_SIZE):
        return False
    return True
