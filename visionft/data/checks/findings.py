"""What a person should know about a data set whose every file opens."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, pairwise

from visionft.data.checks.box_findings import find_box_problems
from visionft.data.checks.inspect import Opened
from visionft.data.checks.near_duplicates import Appearance, alike
from visionft.data.checks.polygon_findings import find_outline_problems
from visionft.data.naming import counted, some
from visionft.sample import OBJECT_TASKS, SPLITS, Dataset, Problem, Sample, Split, TaskKind

_NOUNS: Mapping[TaskKind, str] = {
    "classification": "image",
    "segmentation": "pixel",
    **dict.fromkeys(OBJECT_TASKS, "object"),
}
_FEW = 5  # images of a split whose numbers say something


def find_problems(dataset: Dataset, opened: Mapping[str, Opened], cut: Collection[Split]) -> Iterator[Problem]:
    """Look for what spoils training or makes its numbers lie.

    Args:
        dataset: samples with targets and splits.
        opened: sample id -> what opening the file showed.
        cut: the splits that the data do not state, but fractions in the recipe.
    """
    yield from _about_classes(dataset)
    yield from _about_splits(dataset)
    yield from _about_few(dataset, cut)
    if dataset.task == "segmentation":
        yield from _about_masks(dataset)
    if dataset.task in OBJECT_TASKS:
        yield from find_box_problems(dataset)
    if dataset.task == "instance_segmentation":
        yield from find_outline_problems(dataset)
    yield from _about_turned(dataset, opened)
    yield from _about_copies(dataset, opened)
    yield from _about_likeness(dataset, opened)


def _about_classes(dataset: Dataset) -> Iterator[Problem]:
    if len(dataset.class_names) < 2 and dataset.task not in OBJECT_TASKS:  # what is no object is the other class there
        found = some(dataset.class_names) or "none"
        yield Problem("classes", f"at least two are needed, found {found}", fatal=True)
    by_form = defaultdict(list)
    for name in dataset.class_names:
        by_form[unicodedata.normalize("NFKC", name).casefold().strip()].append(name)
    for names in by_form.values():
        if len(names) > 1:
            yield Problem("classes", f"{some(map(repr, names))} differ only in case or spelling of the same letters")
    if dataset.task in OBJECT_TASKS:  # told in fewer lines, since catalogues of objects are long
        return
    images = Counter(label for sample in dataset.samples for label in sample.classes)
    none = "has no pixel in any mask" if dataset.task == "segmentation" else "has no usable image"
    for label, name in enumerate(dataset.class_names):
        if images[label] == 0:
            yield Problem(name, f"the class {none}")
        elif images[label] == 1:
            yield Problem(name, "the class has one image, which can be learned or tested but not both")


def _about_splits(dataset: Dataset) -> Iterator[Problem]:
    noun = _NOUNS[dataset.task]
    for split in SPLITS:
        counts = dataset.counts(split)
        missing = [name for name, count in counts.items() if count == 0]
        if missing and len(missing) < len(counts):
            consequence = "they cannot be learned" if split == "train" else "its numbers say nothing about them"
            yield Problem(split, f"no {noun} of {some(missing)}; {consequence}")
    if not dataset.split("train"):
        yield Problem("train", "the split has no images, so there is nothing to learn from", fatal=True)
    elif not dataset.split("val"):
        alone = dataset.task != "classification" and len(dataset.split("train")) == 1
        more = "at least two different images" if alone else "more images, set a larger data.val_fraction"
        what = "the split has no images, so nothing tells which epoch is best"
        yield Problem("val", f"{what}; give {more}, or put images into a val split", fatal=True)


def _about_few(dataset: Dataset, cut: Collection[Split]) -> Iterator[Problem]:
    held_out: tuple[Split, ...] = ("val", "test")
    few = {split: count for split in held_out if 0 < (count := len(dataset.split(split))) < _FEW}
    if few:
        counts = " and ".join(map(str, few.values()))
        fractions = " and ".join(f"data.{split}_fraction" for split in few if split in cut)
        noun, whose = "image" if counts == "1" else "images", "its" if len(few) == 1 else "their"
        what = f"{counts} {noun}; {whose} numbers are mostly luck"
        yield Problem(" and ".join(few), f"{what}; give more{f', or set {fractions}' if fractions else ''}")


def _about_masks(dataset: Dataset) -> Iterator[Problem]:
    ignored = [sample.id for sample in dataset.samples if not sample.pixels]
    if ignored:
        yield Problem("masks", f"{len(ignored)} are ignored in every pixel, so they teach nothing: {some(ignored)}")
    first = dataset.class_names[0]
    plain = [sample.id for sample in dataset.samples if sample.classes == (0,)]
    if plain:
        yield Problem("masks", f"{len(plain)} of {len(dataset.samples)} hold nothing but {first!r}: {some(plain)}")


def _about_turned(dataset: Dataset, opened: Mapping[str, Opened]) -> Iterator[Problem]:
    unsure = [sample.id for sample in dataset.samples if opened[sample.id].unsure]
    if unsure:
        of_objects = dataset.task in OBJECT_TASKS
        labels, one, sizes = ("boxes", "box", "files") if of_objects else ("masks", "mask", "masks' sizes")
        images, whose = counted(len(unsure), "image carries", "images carry"), "its" if len(unsure) == 1 else "their"
        what = f"{images} an EXIF rotation that {whose} {sizes} cannot confirm"
        yield Problem(labels, f"{what}: {some(unsure)}; look at them: image and {one} must be upright alike")


def _about_copies(dataset: Dataset, opened: Mapping[str, Opened]) -> Iterator[Problem]:
    by_content: dict[str, list[Sample]] = defaultdict(list)
    for sample in dataset.samples:
        by_content[opened[sample.id].content].append(sample)
    for copies in by_content.values():
        for first, other in pairwise(copies):
            if first.split != other.split:
                splits = f"{other.split} and {first.split}"
                yield Problem(other.id, f"the same bytes as {first.id}, but in {splits}: the numbers flatter")
            if dataset.task in OBJECT_TASKS and first.boxes != other.boxes:
                yield Problem(other.id, f"the same bytes as {first.id}, but other boxes")
            if first.pixels != other.pixels:
                yield Problem(other.id, f"the same bytes as {first.id}, but another mask")
            if first.classes != other.classes and dataset.task == "classification":
                names = f"{dataset.class_names[other.label]!r} and {dataset.class_names[first.label]!r}"
                yield Problem(other.id, f"the same bytes as {first.id}, but labelled {names}")


def _about_likeness(dataset: Dataset, opened: Mapping[str, Opened]) -> Iterator[Problem]:
    """Tell of images that look like one of another split; copies have been told already."""
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
