"""What a person should know about a data set whose every file opens."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from visionft.data.naming import some
from visionft.sample import SPLITS, Dataset, Problem, Sample


def find_problems(dataset: Dataset, hashes: Mapping[str, str]) -> Iterator[Problem]:
    """Look for what spoils training or makes its numbers lie.

    Args:
        dataset: samples with labels and splits.
        hashes: sample id -> hash of the file's bytes.
    """
    yield from _about_classes(dataset)
    yield from _about_splits(dataset)
    yield from _about_copies(dataset, hashes)


def _about_classes(dataset: Dataset) -> Iterator[Problem]:
    if len(dataset.class_names) < 2:
        found = some(dataset.class_names) or "none"
        yield Problem("classes", f"at least two are needed, found {found}", fatal=True)
    by_form = defaultdict(list)
    for name in dataset.class_names:
        by_form[unicodedata.normalize("NFKC", name).casefold().strip()].append(name)
    for names in by_form.values():
        if len(names) > 1:
            yield Problem("classes", f"{some(map(repr, names))} differ only in case or spelling of the same letters")
    images = Counter(sample.label for sample in dataset.samples)
    for label, name in enumerate(dataset.class_names):
        if images[label] == 0:
            yield Problem(name, "the class has no usable image")
        elif images[label] == 1:
            yield Problem(name, "the class has one image, which can be learned or tested but not both")


def _about_splits(dataset: Dataset) -> Iterator[Problem]:
    for split in SPLITS:
        counts = dataset.counts(split)
        missing = [name for name, count in counts.items() if count == 0]
        if missing and len(missing) < len(counts):
            consequence = "they cannot be learned" if split == "train" else "its numbers say nothing about them"
            yield Problem(split, f"no image of {some(missing)}; {consequence}")
    if not dataset.split("train"):
        yield Problem("train", "the split has no images, so there is nothing to learn from", fatal=True)
    elif not dataset.split("val"):
        yield Problem("val", "the split has no images, so nothing tells which epoch is best", fatal=True)


def _about_copies(dataset: Dataset, hashes: Mapping[str, str]) -> Iterator[Problem]:
    by_content: dict[str, list[Sample]] = defaultdict(list)
    for sample in dataset.samples:
        by_content[hashes[sample.id]].append(sample)
    for copies in by_content.values():
        for first, other in pairwise(copies):
            if first.split != other.split:
                splits = f"{other.split} and {first.split}"
                yield Problem(other.id, f"the same bytes as {first.id}, but in {splits}: the numbers flatter")
            if first.label != other.label:
                names = f"{dataset.class_names[other.label]!r} and {dataset.class_names[first.label]!r}"
                yield Problem(other.id, f"the same bytes as {first.id}, but labelled {names}")


def describe(problems: Sequence[Problem], limit: int = 20) -> str:
    """Write problems one a line, the first few of many."""
    lines = [str(problem) for problem in problems[:limit]]
    return "\n".join(lines if len(problems) <= limit else [*lines, f"and {len(problems) - limit} more"])
