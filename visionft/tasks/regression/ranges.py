"""Numbers that are not valid, by what a recipe says of their values."""

from collections.abc import Mapping
from dataclasses import replace

from visionft.data.listing import Listing
from visionft.data.naming import counted, some
from visionft.data.records import Problem
from visionft.data.targets.values import RawValues, first_few
from visionft.data.units import split_unit, write_value
from visionft.errors import RecipeError

Range = tuple[float, float]
"""The least and the largest valid number."""


def within_ranges(listing: Listing, ranges: Mapping[int, Range]) -> Listing:
    """Leave out numbers beyond their ranges, and images of which no other number is known; all of them are named.

    Args:
        listing: of images with values.
        ranges: of the values by their places among the listing's class names.

    Raises:
        RecipeError: when a range is none.
    """
    for index, (low, high) in ranges.items():
        if not low < high:
            name = split_unit(listing.class_names[index])[0]
            raise RecipeError(
                f"task.ranges: {name}: from {low:g} to {high:g} is no range; give the smaller number first"
            )
    found: dict[int, list[Problem]] = {index: [] for index in ranges}
    entries, empty = [], []
    for entry in listing.entries:
        raw = RawValues.of(entry.target)
        numbers = list(raw.numbers)
        for index, (low, high) in ranges.items():
            number = numbers[index]
            if number is not None and not low <= number <= high:
                numbers[index] = None
                name, unit = split_unit(listing.class_names[index])
                what = f"{name}: {write_value(number, unit)} is outside of task.ranges, {low:g} to {high:g}; left out"
                found[index].append(Problem(raw.where or entry.id, what))
        if all(number is None for number in numbers):
            empty.append(entry.id)
        else:
            entries.append(replace(entry, target=replace(raw, numbers=tuple(numbers))))
    problems = list(listing.problems)
    for index, of_value in found.items():
        problems += first_few(of_value, listing.class_names[index], "numbers are outside of task.ranges")
    if empty:
        images = counted(len(empty), "image has", "images have")
        problems.append(Problem("task.ranges", f"{images} no other number; left out: {some(empty)}"))
    return replace(listing, entries=tuple(entries), problems=tuple(problems))
