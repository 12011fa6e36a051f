"""From a path to a checked data set."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from visionft.data import FORMATS, task_of_format
from visionft.data.bad_files import tell
from visionft.data.findings import describe, find_problems
from visionft.data.inspect import Inspection, inspect
from visionft.data.listing import Classes, DataFormat, Entry, Listing, MaskOptions
from visionft.data.mask_folder import looks_like_masks
from visionft.data.naming import some
from visionft.data.split import assign_splits
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS
from visionft.sample import Dataset, Problem, Sample


def detect_format(path: Path) -> str:
    """Say which data format a path looks like.

    Args:
        path: a folder or a file.

    Raises:
        DataError: when it looks like none, or like images and masks whose names do not match.
    """
    if path.is_dir():
        return "masks" if looks_like_masks(path) else "folder"
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.suffix.lower() in IMAGE_EXTENSIONS:
        raise DataError(
            f"{path}: is an image, not a data set; give the folder that holds the data, such as {path.parent}"
        )
    formats = {".csv": "manifest", ".tsv": "manifest", ".json": "coco_masks"}
    if name := formats.get(path.suffix.lower()):
        return name
    raise DataError(
        f"{path}: not a folder of images per class or of images and masks, not a .csv or .tsv file that lists images, "
        "and not a .json file of COCO annotations"
    )


def load_dataset(
    path: Path | None,
    *,
    format: str = "auto",  # noqa: A002  # the recipe's own word for it
    classes: Classes | None = None,
    options: MaskOptions = MaskOptions(),  # noqa: B008  # frozen
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
    strict: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Read a data set, open every image and mask once, and split it where it is not split already.

    Args:
        path: folder, CSV or COCO JSON; None for a format that brings its own images.
        format: a name in ``FORMATS``, or ``auto`` to look at the path.
        classes: class names in label order; None takes the format's order. Goes before ``options.classes``.
        options: what is said about masks; its ``classes`` count for every format.
        val_fraction: share of the training images that validates, where no validation split is given.
        test_fraction: share of all images that tests, where no split is given at all.
        strict: raise for files that cannot be used, instead of going on without them.
        on_progress: called after each opened file with (files done, files in all).

    Returns:
        The usable samples ordered by id. Its problems name the files left out and everything else that was
        found; training must not start with a fatal one. The rule of splitting is told by ``assign_splits``.

    Raises:
        DataError: when no image can be used, a label is not in ``classes``, or ``strict`` finds a bad file.
        UnknownName: when there is no such format.
        MissingExtra: when the format needs a package that is not installed.
    """
    options = options if classes is None else replace(options, classes=classes)
    listing = _read(path, format, options)
    inspection = _inspect(listing, strict, on_progress)
    usable = [entry for entry in listing.entries if entry.id in inspection.opened]
    class_names, unseen = _class_names(usable, listing, options)
    splits = assign_splits(usable, inspection.hashes, val_fraction=val_fraction, test_fraction=test_fraction)
    label_of = {name: label for label, name in enumerate(class_names)}
    samples = [
        Sample(
            entry.id,
            entry.path,
            label_of[entry.label] if entry.mask is None else entry.mask,
            splits[entry.id],
            inspection.opened[entry.id].pixels,
            inspection.opened[entry.id].size,
        )
        for entry in usable
    ]
    ordered = tuple(sorted(samples, key=lambda sample: sample.id))
    dataset = Dataset(
        listing.name, ordered, class_names, source=listing.source, task=listing.task, palette=listing.palette
    )
    found = tuple(find_problems(dataset, inspection.opened))
    left_out = tuple(replace(problem, what=f"{problem.what}; left out") for problem in tell(inspection.bad))
    return replace(dataset, problems=listing.problems + left_out + unseen + found)


def _read(path: Path | None, kind: str, options: MaskOptions) -> Listing:
    patterns = options.images is not None or options.masks is not None
    if kind == "auto":
        if path is None:
            raise DataError("no path to the images; give a folder, a CSV, or a format that brings its own images")
        kind = "masks" if patterns and path.suffix.lower() != ".json" else detect_format(path)
    if task_of_format(kind) == "segmentation":
        reader: DataFormat = FORMATS[kind](options)
        return reader.read(path)
    if patterns or options.ignore:
        raise DataError(f"{path}: the format {kind!r} has no masks; take data.images, data.masks and data.ignore out")
    reader = FORMATS[kind]()
    return reader.read(path)


def _inspect(listing: Listing, strict: bool, on_progress: Callable[[int, int], None] | None) -> Inspection:
    where = listing.source or listing.name
    if not listing.entries:
        details = describe(listing.problems)
        raise DataError(f"{where}: no images found; JPEG, PNG, WebP, BMP, GIF and TIFF are read\n{details}".rstrip())
    inspection = inspect(listing.entries, on_progress)
    bad = tell(inspection.bad)
    if not inspection.opened:
        nothing = "opens" if listing.task == "classification" else "can be used with its mask"
        raise DataError(
            f"{where}: none of the {len(listing.entries)} images {nothing}\n{describe([*bad, *listing.problems])}"
        )
    if strict and bad:
        raise DataError(f"{where}: {len(inspection.bad)} bad images\n{describe(bad, len(bad))}")
    return inspection


def _class_names(
    usable: Sequence[Entry], listing: Listing, options: MaskOptions
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Return the class names in label order, and a problem for each class whose every file is bad."""
    if listing.task == "segmentation":  # the masks are made for this order
        return listing.class_names, ()
    seen = {entry.label for entry in usable}
    if options.classes is not None:
        asked = tuple(options.classes)
        if unknown := sorted(seen - set(asked)):
            raise DataError(
                f"{listing.source}: the classes {some(map(repr, unknown))} of the data are not in the list "
                f"of classes ({some(asked, 20)}); add them to the list or take their images out"
            )
        return asked, ()
    unseen = tuple(
        Problem(name, "none of the class's images opens; the class is left out")
        for name in listing.class_names
        if name not in seen
    )
    return tuple(name for name in listing.class_names if name in seen), unseen
