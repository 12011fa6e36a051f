"""What a person should know about a data set whose every file opens."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, pairwise

from visionft.data.checks.inspect import Opened
from visionft.data.checks.near_duplicates import Appearance, alike
from visionft.data.naming import counted, some
from visionft.data.records import Dataset, Problem, Sample
from visionft.data.split import fraction_for
from visionft.data.splits import SPLITS, Split

_FEW = 5  # images of a split whose numbers say something
_MOST_HELD_OUT = 0.5  # of the images; beyond, too few are left to learn from


def find_problems(dataset: Dataset, opened: Mapping[str, Opened], cut: Collection[Split]) -> Iterator[Problem]:
    """Look for what spoils training or makes its numbers lie.

    Args:
        dataset: samples with targets and splits.
        opened: sample id -> what opening the file showed.
        cut: the splits that the data do not state, but fractions in the recipe.
    """
    yield from _about_classes(dataset)
    yield from _about_splits(dataset, opened, cut)
    yield from _about_few(dataset, cut)
    yield from dataset.target.problems(dataset)
    yield from _about_turned(dataset, opened)
    yield from _about_frames(dataset, opened)
    yield from _about_copies(dataset, opened)
    yield from _about_likeness(dataset, opened)


def _about_classes(dataset: Dataset) -> Iterator[Problem]:
    if len(dataset.class_names) < 2 and dataset.target.needs_two_classes:
        found = some(dataset.class_names) or "none"
        yield Problem("classes", f"at least two are needed, found {found}", fatal=True)
    by_form = defaultdict(list)
    for name in dataset.class_names:
        by_form[unicodedata.normalize("NFKC", name).casefold().strip()].append(name)
    for names in by_form.values():
        if len(names) > 1:
            yield Problem(
                dataset.target.named[1], f"{some(map(repr, names))} differ only in case or spelling of the same letters"
            )
    yield from dataset.target.class_problems(dataset)


def _about_splits(dataset: Dataset, opened: Mapping[str, Opened], cut: Collection[Split]) -> Iterator[Problem]:
    for split in SPLITS:
        counts = dataset.image_counts(split)
        missing = [name for name, count in counts.items() if count == 0]
        if missing and len(missing) < len(counts):
            consequence = "they cannot be learned" if split == "train" else "its numbers say nothing about them"
            advice = _fraction_with(missing, split, dataset, opened) if split in cut else ""
            yield Problem(split, f"no {dataset.target.noun} of {some(missing)}; {consequence}{advice}")
    if not dataset.split("train"):
        yield Problem("train", "the split has no images, so there is nothing to learn from", fatal=True)
    elif not dataset.split("val"):
        alone = not dataset.target.exclusive and len(dataset.split("train")) == 1
        more = "at least two different images" if alone else "more images, set a larger data.val_fraction"
        what = "the split has no images, so nothing tells which epoch is best"
        yield Problem("val", f"{what}; give {more}, or put images into a val split", fatal=True)


def _fraction_with(missing: Collection[str], split: Split, dataset: Dataset, opened: Mapping[str, Opened]) -> str:
    """Advise the least fraction with which a split gets an image of each class that has images to spare for it.

    Splits of exclusive classes have them already, wherever that is possible.
    """
    needed = 0.0
    spare: tuple[Split, ...] = ("train",) if split == "val" else ("train", "val")
    for label in map(dataset.class_names.index, missing):
        samples = [sample for sample in dataset.samples if label in sample.target.classes and sample.split in spare]
        if len(samples) > 1:
            needed = max(needed, fraction_for(split, [opened[sample.id].content for sample in samples]))
    if dataset.target.exclusive or not needed:
        return ""
    return f"; {f'set data.{split}_fraction to {needed:g}, or ' * (needed <= _MOST_HELD_OUT)}state the splits"


def _about_few(dataset: Dataset, cut: Collection[Split]) -> Iterator[Problem]:
    held_out: tuple[Split, ...] = ("val", "test")
    few = {split: count for split in held_out if 0 < (count := len(dataset.split(split))) < _FEW}
    if few:
        counts = " and ".join(map(str, few.values()))
        fractions = " and ".join(f"data.{split}_fraction" for split in few if split in cut)
        noun, whose = "image" if counts == "1" else "images", "its" if len(few) == 1 else "their"
        what = f"{counts} {noun}; {whose} numbers are mostly luck"
        yield Problem(" and ".join(few), f"{what}; give more{f', or set {fractions}' if fractions else ''}")


def _about_turned(dataset: Dataset, opened: Mapping[str, Opened]) -> Iterator[Problem]:
    unsure = [sample.id for sample in dataset.samples if opened[sample.id].resolved.unsure]
    if unsure:
        target = dataset.target
        images, whose = counted(len(unsure), "image carries", "images carry"), "its" if len(unsure) == 1 else "their"
        what = f"{images} an EXIF rotation that {whose} {target.upright} cannot confirm"
        advice = f"look at them: image and {target.singular} must be upright alike"
        yield Problem(target.plural, f"{what}: {some(unsure)}; {advice}")


def _about_frames(dataset: Dataset, opened: Mapping[str, Opened]) -> Iterator[Problem]:
    several = [sample.id for sample in dataset.samples if opened[sample.id].several]
    if several:
        images = counted(len(several), "image is an animation or has", "images are animations or have")
        yield Problem("images", f"{images} several pages; the first picture is read: {some(several)}")


def _about_copies(dataset: Dataset, opened: Mapping[str, Opened]) -> Iterator[Problem]:
    by_content: dict[str, list[Sample]] = defaultdict(list)
    for sample in dataset.samples:
        by_content[opened[sample.id].content].append(sample)
    for copies in by_content.values():
        for first, other in pairwise(copies):
            if first.split != other.split:
                splits = f"{other.split} and {first.split}"
                yield Problem(other.id, f"the same bytes as {first.id}, but in {splits}: the numbers flatter")
            if difference := other.target.difference(first.target, dataset.class_names):
                yield Problem(other.id, f"the same bytes as {first.id}, but {difference}")


def _about_likeness(dataset: Dataset, opened: Mapping[str, Opened]) -> Iterator[Problem]:
    """Yield a problem for images that look like one of another split, copies left out."""
    seen: dict[Split, list[tuple[Appearance, Sample]]] = {
        split: [(look, sample) for sample in dataset.split(split) if (look := opened[sample.id].appearance) is not None]
        for split in SPLITS
    }
    for other, split in combinations(SPLITS, 2):
        copied = {opened[sample.id].content for sample in dataset.split(other)}
        here = [item for item in seen[split] if opened[item[1].id].content not in copied]
        there = seen[other]
        pairs = list(alike([look for look, _ in here], [look for look, _ in there]))
        if pairs:
            shown = some((f"{here[one][1].id} ~ {there[two][1].id}" for one, two in pairs), 3)
            images = counted(len(pairs), f"image of {split} looks", f"images of {split} look")
            yield Problem(split, f"{images} almost like images of {other}: the numbers flatter; {shown}")


def describe(problems: Sequence[Problem], limit: int = 20) -> str:
    """Write problems one a line, the first few of many."""
    lines = [str(problem) for problem in problems[:limit]]
    return "\n".join(lines if len(problems) <= limit else [*lines, f"and {len(problems) - limit} more"])
