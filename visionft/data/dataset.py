"""From a path to a checked data set."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from visionft.data.checks.bad_boxes import refuse_bad, tell_findings
from visionft.data.checks.bad_files import tell
from visionft.data.checks.findings import describe, find_problems
from visionft.data.checks.inspect import Inspection, inspect
from visionft.data.formats import FORMATS
from visionft.data.formats.detect import choose_format
from visionft.data.listing import Classes, Columns, DataFormat, LabelOptions, Listing
from visionft.data.reading import ReadingOptions, resolve_reading
from visionft.data.records import Dataset, Problem, Sample
from visionft.data.source import DataSource
from visionft.data.split import assign_splits, cut_splits
from visionft.data.targets.base import Target
from visionft.data.walk import each_folder_listed_once
from visionft.errors import DataError
from visionft.imaging.header import KINDS
from visionft.spec import Reading


def load_dataset(
    path: Path | None,
    *,
    format: str = "auto",  # noqa: A002  # the recipe's own word for it
    classes: Classes | None = None,
    options: LabelOptions = LabelOptions(),  # noqa: B008  # frozen
    target: type[Target] | None = None,
    screen: Callable[[Listing], Listing] | None = None,
    source: DataSource | None = None,
    reading: ReadingOptions = ReadingOptions(),  # noqa: B008  # frozen
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
    strict: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Read a data set, open every image and mask once, and split it where it is not split already.

    Args:
        path: folder, CSV, COCO JSON or YOLO's YAML; None for a format that brings its own images.
        format: a name in ``FORMATS``, or ``auto`` to look at the path.
        classes: class names in label order; None takes the format's order. Goes before ``options.classes``.
        options: what is said about masks or boxes; its ``classes`` count for every format.
        target: what is to be made of the labels, where it is known; ``auto`` looks for a format that makes it.
        screen: leaves out what is not to be learned, before any image is opened; None leaves nothing out.
        source: images and labels from memory, in the place of path and format; their target must be known.
        reading: what is said about the values of image files.
        val_fraction: fraction of the training images that validates, where no validation split is given.
        test_fraction: fraction of all images that tests, where no split is given at all.
        strict: raise for files that cannot be used, instead of going on without them.
        on_progress: called after each opened file with (files done, files in all).

    Returns:
        The usable samples ordered by id. Its problems name the files left out and everything else that was
        found; training must not start with a fatal one. The rule of splitting is told by ``assign_splits``.

    Raises:
        DataError: when no image can be used, a label is not in ``classes``, ``strict`` finds a bad file, or
            ``options.on_bad_box`` is ``fail`` and there is one.
        UnknownName: when there is no such format.
        MissingExtra: when the format needs a package that is not installed.
    """
    options = options if classes is None else replace(options, classes=classes)
    if source is not None and source.in_memory and target is not None:
        if unused := _unused(options, target.takes):
            raise DataError(f"{source.name}: data from memory {unused} out")
        listing = source.read(target, options)
    else:
        listing = _read(path, format, options, target)
    listing = listing if screen is None else screen(listing)
    inspection = _inspect(listing, reading.stated, strict, on_progress)
    if options.on_bad_box == "fail":
        refuse_bad(inspection.findings, listing.source)
    usable = [entry for entry in listing.entries if entry.id in inspection.opened]
    class_order = None if options.classes is None else tuple(options.classes)
    targets, class_names, unseen = listing.target.with_classes(
        [inspection.opened[entry.id].resolved.target for entry in usable],
        listing.class_names,
        class_order,
        listing.source,
    )
    splits = assign_splits(usable, inspection.hashes, val_fraction=val_fraction, test_fraction=test_fraction)
    of_values: list[Problem] = []
    seen = {name: opened.seen for name, opened in inspection.opened.items()}
    found_reading = resolve_reading(reading, seen, lambda name: splits[name] == "train", of_values)
    samples = [
        Sample(entry.id, entry.image, of_entry, splits[entry.id], inspection.opened[entry.id].size, found_reading)
        for entry, of_entry in zip(usable, targets, strict=True)
    ]
    ordered = tuple(sorted(samples, key=lambda sample: sample.id))
    cut = cut_splits(usable)
    dataset = Dataset(
        listing.name,
        ordered,
        class_names,
        listing.target,
        source=listing.source,
        palette=listing.palette,
        reading=found_reading,
        cut=cut,
    )
    found = tuple(find_problems(dataset, inspection.opened, cut=cut))
    left_out = tuple(replace(problem, what=f"{problem.what}; left out") for problem in tell(inspection.bad))
    about_objects = tuple(tell_findings(inspection.findings))
    told = listing.problems + left_out + about_objects + unseen + tuple(of_values) + found
    return replace(dataset, problems=tuple(dict.fromkeys(told)))  # several may have looked into the same folder


@each_folder_listed_once()
def _read(path: Path | None, kind: str, options: LabelOptions, target: type[Target] | None) -> Listing:
    if kind == "auto":
        kind = _detect(path, options, target)
    data_format: type[DataFormat] = FORMATS[kind]
    if unused := _unused(options, data_format.takes):
        raise DataError(f"{path}: the format {kind!r} {unused} out")
    return data_format(options).read(path)


def _unused(options: LabelOptions, takes: Sequence[str]) -> str:
    """Return the label options that a format does not use, in words; empty where it uses all."""
    if options.on_bad_box != "drop" and "on_bad_box" not in takes:
        return "has no boxes; take data.on_bad_box"
    if options.separator is not None and "separator" not in takes:
        return "has no texts with several labels; take data.separator"
    if options.mask_threshold is not None and "mask_threshold" not in takes:
        return "has no masks; take data.mask_threshold"
    if options.mask_size != "same" and "mask_size" not in takes:
        return "has no mask files; take data.mask_size"
    if options.corners is not None and "corners" not in takes:
        return "has no corners counted from 0 or 1; take data.corners"
    if options.columns != Columns() and "columns" not in takes:
        return "is no table; take data.columns"
    if options.images is None and options.masks is None and not options.ignore:
        return ""
    if {"images", "masks", "ignore"}.isdisjoint(takes):
        return "has no masks; take data.images, data.masks and data.ignore"
    if options.images is not None and "images" not in takes:
        return "has no patterns of files; take data.images and data.masks"
    if options.ignore and "ignore" not in takes:
        return "has no masks; take data.masks and data.ignore"
    return "has no masks; take data.masks" if options.masks is not None and "masks" not in takes else ""


def _detect(path: Path | None, options: LabelOptions, target: type[Target] | None) -> str:
    if path is None:
        raise DataError("no path to the images; give a folder, a CSV, or a format that brings its own images")
    is_json = path.suffix.lower() == ".json"
    if options.masks is not None and not is_json:
        return "masks"
    kind = choose_format(path, target, options)
    lacks_masks = options.images is not None and "images" not in FORMATS[kind].takes
    return "masks" if lacks_masks else kind  # which says that patterns belong together


def _inspect(
    listing: Listing, reading: Reading, strict: bool, on_progress: Callable[[int, int], None] | None
) -> Inspection:
    where = listing.source or listing.name
    if not listing.entries:
        details = describe(listing.problems)
        raise DataError(f"{where}: no images found; files of {KINDS} are read\n{details}".rstrip())
    inspection = inspect(listing, reading, on_progress)
    bad = tell(inspection.bad)
    if not inspection.opened:
        what = f"none of the {len(listing.entries)} images {listing.target.usable}"
        raise DataError(f"{where}: {what}\n{describe([*bad, *listing.problems])}")
    if strict and bad:
        raise DataError(f"{where}: {len(inspection.bad)} bad images\n{describe(bad, len(bad))}")
    listing.target.require_usable(inspection.targets, inspection.findings, where)
    return inspection
