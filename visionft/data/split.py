"""Which images train, which validate, which test, where the data do not say."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from math import floor

from visionft.data.listing import Entry
from visionft.data.splits import Split
from visionft.seeds import unit_interval


def content_hash(data: bytes) -> str:
    """Return a 128-bit hash of a file's bytes, as hexadecimal text."""
    return blake2b(data, digest_size=16).hexdigest()


def assign_splits(
    entries: Sequence[Entry], hashes: Mapping[str, str], *, val_fraction: float, test_fraction: float
) -> dict[str, Split]:
    """Give every image a split; the splits that the data give are kept.

    The rule: an image's bytes decide, by two independent hashes into [0, 1). Where the data give no splits at
    all, an image whose first hash is below ``test_fraction`` is a test image. Where they give no validation
    split, an image of what remains (or of the given training split) whose second hash is below
    ``val_fraction`` is a validation image. Everything else trains. So

    - every class is cut at the same fractions, up to chance;
    - byte-identical files share a split, whatever they are called;
    - neither the seed nor other files count: a data set that grows keeps the splits of its old files.

    Where chance was unkind to a small class it is mended, at the price of the last point for one image: a class
    whose fraction of a split rounds to at least one gets one there, and every class keeps a training image. Of images
    that may show several classes, two are enough to get a validation image, and five to get a test image. They are not
    stratified by class, which would move images whenever some are added: ``check`` names the fraction that is needed.

    Args:
        entries: usable files, ids unique.
        hashes: entry id -> hash of the file's bytes.
        val_fraction: fraction of the training images that validates, in [0, 1).
        test_fraction: fraction of all images that tests, in [0, 1).

    Returns:
        Entry id -> split.
    """
    fractions: dict[Split, float] = {"test": test_fraction, "val": val_fraction}
    missing = cut_splits(entries)
    cuts: dict[Split, float] = {split: fraction if split in missing else 0.0 for split, fraction in fractions.items()}
    kept = {entry.id: entry.split for entry in entries if entry.split in ("val", "test")}
    contents: dict[str | None, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.id not in kept:
            contents[entry.target.stratum].add(hashes[entry.id])
    cut: dict[str, Split] = {}
    many_in_one = any(entry.target.stratum is None for entry in entries)
    for of_one_class in contents.values():
        cut |= _fill(_cut_class(of_one_class, cuts), cuts) if many_in_one else _cut_class(of_one_class, cuts)
    return {entry.id: kept.get(entry.id) or cut[hashes[entry.id]] for entry in entries}


def cut_splits(entries: Sequence[Entry]) -> tuple[Split, ...]:
    """Return the splits that the data do not state, so that ``assign_splits`` cuts them off at a fraction."""
    stated = {entry.split for entry in entries if entry.split is not None}
    return () if "val" in stated else ("val",) if stated else ("val", "test")


def fraction_for(split: Split, contents: Collection[str]) -> float:
    """Return the least fraction, in hundredths, that cuts at least one of the contents off to a split."""
    return (floor(100 * min(unit_interval(split, content) for content in contents)) + 1) / 100


def _cut_class(contents: Collection[str], cuts: Mapping[Split, float]) -> dict[str, Split]:
    """Split the distinct contents of one class, given the fraction that each split cuts off, in order."""
    splits = {content: _by_hash(content, cuts) for content in contents}
    for split, fraction in cuts.items():
        training = [content for content in contents if splits[content] == "train"]
        if split not in splits.values() and round(fraction * len(contents)) >= 1 and len(training) > 1:
            splits[min(training, key=lambda content: unit_interval(split, content))] = split
    if "train" not in splits.values():
        splits[max(contents, key=lambda content: unit_interval("val", content))] = "train"
    return splits


def _fill(splits: dict[str, Split], cuts: Mapping[Split, float]) -> dict[str, Split]:
    """Move the next by hash into a split that is wanted and got nothing, if there are enough images for it."""
    enough: dict[Split, int] = {"val": 2, "test": 5}
    for split, count in enough.items():
        if cuts[split] > 0 and len(splits) >= count and split not in splits.values():
            training = [content for content in splits if splits[content] == "train"]
            spare = training if len(training) > 1 else [content for content in splits if content not in training]
            splits[min(spare, key=lambda content: unit_interval(split, content))] = split
    return splits


def _by_hash(content: str, cuts: Mapping[Split, float]) -> Split:
    return next((split for split, fraction in cuts.items() if unit_interval(split, content) < fraction), "train")
