"""Reading a tree as a user's command does, and what counts of it."""

from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path

from visionft.data.dataset import load_dataset
from visionft.data.formats.detect import detect_format
from visionft.data.listing import LabelOptions
from visionft.recipe.load import recipe_from_data
from visionft.tasks import target_of

_ALWAYS = ("mostly luck", "look almost like", "looks almost like")  # of every data set this small


@dataclass(frozen=True)
class Reading:
    """What was read of a tree.

    Attributes:
        format: what it was found to be.
        task: likewise.
        classes: names in label order.
        images: stated split, or ``none`` -> images that can be used.
        labels: labels of all classes, such as objects; None where they are pixels.
        fatal: whether training could not start.
        problems: what a person is told, but for what every data set of a few images is told.
    """

    format: str
    task: str
    classes: tuple[str, ...]
    images: dict[str, int]
    labels: int | None
    fatal: bool
    problems: tuple[str, ...]


def read(root: Path, overrides: tuple[str, ...] = ()) -> Reading:
    """Read a tree as ``visionft check`` does.

    Raises:
        VisionftError: when it cannot be read.
    """
    recipe = recipe_from_data(root, overrides)
    section, target = recipe.data, target_of(recipe.task.kind)
    listings = []

    def keep(listing):
        listings.append(listing)
        return listing

    said = {field.name: getattr(section, field.name) for field in fields(LabelOptions)}
    options = LabelOptions(**(said | {"columns": section.columns.options}))
    dataset = load_dataset(section.path, format=section.format, options=options, target=target, screen=keep)
    usable = {sample.id for sample in dataset.samples}
    splits = Counter(entry.split or "none" for entry in listings[0].entries if entry.id in usable)
    labels = sum(sum(sample.target.class_counts.values()) for sample in dataset.samples)
    return Reading(
        _format(section, target, options),
        recipe.task.kind if dataset.target is target else f"not {recipe.task.kind}",
        dataset.class_names,
        dict(splits),
        None if target.has_pixels else labels,
        any(problem.fatal for problem in dataset.problems),
        tuple(str(one) for one in dataset.problems if not any(words in str(one) for words in _ALWAYS)),
    )


def _format(section, target, options) -> str:
    if section.format != "auto":
        return section.format
    return "masks" if section.masks is not None else detect_format(section.path, target, options)
