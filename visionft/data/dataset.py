"""From a path to a checked data set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from visionft.data.checks.bad_boxes import refuse_bad, tell_boxes
from visionft.data.checks.bad_files import tell
from visionft.data.checks.findings import describe, find_problems
from visionft.data.checks.inspect import Inspection, inspect
from visionft.data.checks.polygon_findings import require_placed, require_stated
from visionft.data.formats import FORMATS, task_of_format
from visionft.data.formats.coco.boxes import coco_kind
from visionft.data.formats.coco.instances import CocoInstances
from visionft.data.formats.masks.reader import looks_like_masks
from visionft.data.formats.voc.reader import looks_like_voc
from visionft.data.formats.yolo.file import is_data_file
from visionft.data.formats.yolo.layout import find_yaml, looks_like_yolo
from visionft.data.formats.yolo.reader import YoloOutlines
from visionft.data.listing import Classes, DataFormat, Entry, LabelOptions, Listing
from visionft.data.naming import some
from visionft.data.split import assign_splits, cut_splits
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS
from visionft.sample import OBJECT_TASKS, Boxes, Dataset, MaskSource, Problem, Sample, TaskKind


def detect_format(path: Path, task: TaskKind | None = None) -> str:
    """Say which data format a path looks like.

    Args:
        path: a folder or a file.
        task: what the labels are wanted for, where it is known: it decides where masks and boxes could be read. Else
            masks are, since boxes can be made of them, but not the other way round.

    Raises:
        DataError: when it looks like none, or like images and masks whose names do not match.
    """
    if path.is_dir():
        return _format_of_folder(path, task)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    extension = path.suffix.lower()
    if extension in IMAGE_EXTENSIONS:
        raise DataError(
            f"{path}: is an image, not a data set; give the folder that holds the data, such as {path.parent}"
        )
    if extension == ".json":
        return _format_of_json([path], task)
    formats = {".csv": "manifest", ".tsv": "manifest"}
    if name := formats.get(extension):
        return name
    if extension in (".yaml", ".yml") and is_data_file(path):
        return "yolo_outlines" if task == "instance_segmentation" else "yolo"
    raise DataError(
        f"{path}: not a folder of images per class, of images and masks or of images and boxes, not a .csv or .tsv "
        "file that lists images, not a .json file of COCO annotations, and not the .yaml file of YOLO data"
    )


def _format_of_folder(path: Path, task: TaskKind | None) -> str:
    found = None
    if task != "classification" and (files := _coco_files(path)):
        return _format_of_json(files, task)
    if task in (None, *OBJECT_TASKS):
        found = "yolo" if looks_like_yolo(path) else "voc" if looks_like_voc(path) else None
    if found is None and task in OBJECT_TASKS and find_yaml(path, deep=True) is not None:
        found = "yolo"
    if found == "yolo" and task == "instance_segmentation":
        found = "yolo_outlines"
    if found is not None and (task in OBJECT_TASKS or not looks_like_masks(path)):
        return found
    return "masks" if looks_like_masks(path) else "folder"


def _coco_files(path: Path) -> list[Path]:
    """Return what only COCO files are called: annotations/instances_train2017.json, train/_annotations.coco.json."""
    return [*path.glob("annotations/instances*.json"), *path.glob("*.coco.json"), *path.glob("*/*.coco.json")]


def _format_of_json(files: Sequence[Path], task: TaskKind | None) -> str:
    formats: dict[TaskKind, str] = {
        "segmentation": "coco_masks",
        "detection": "coco",
        "instance_segmentation": "coco_instances",
    }
    kind = None if task is None else formats.get(task)
    return kind or coco_kind(files)


def has_outlines(path: Path, options: LabelOptions) -> bool:
    """Say whether data of no named format state the outlines of objects; what cannot be read does not."""
    try:
        kind = detect_format(path, "instance_segmentation")
        if kind == "coco_instances":
            return CocoInstances(options).has_outlines(path)
        return kind == "yolo_outlines" and YoloOutlines(options).has_outlines(path)
    except DataError:
        return False


def load_dataset(
    path: Path | None,
    *,
    format: str = "auto",  # noqa: A002  # the recipe's own word for it
    classes: Classes | None = None,
    options: LabelOptions = LabelOptions(),  # noqa: B008  # frozen
    task: TaskKind | None = None,
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
        task: what the labels are wanted for; ``auto`` looks for a format that serves it.
        val_fraction: share of the training images that validates, where no validation split is given.
        test_fraction: share of all images that tests, where no split is given at all.
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
    listing = _read(path, format, options, task)
    inspection = _inspect(listing, strict, on_progress)
    if options.on_bad_box == "fail":
        refuse_bad(inspection.findings, listing.source)
    usable = [entry for entry in listing.entries if entry.id in inspection.opened]
    class_names, unseen = _class_names(usable, listing, options)
    splits = assign_splits(usable, inspection.hashes, val_fraction=val_fraction, test_fraction=test_fraction)
    label_of = {name: label for label, name in enumerate(class_names)}
    samples = [
        Sample(
            entry.id,
            entry.path,
            _target(entry, inspection, label_of),
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
    found = tuple(find_problems(dataset, inspection.opened, cut=cut_splits(usable)))
    left_out = tuple(replace(problem, what=f"{problem.what}; left out") for problem in tell(inspection.bad))
    about_boxes = tuple(tell_boxes(inspection.findings))
    return replace(dataset, problems=listing.problems + left_out + about_boxes + unseen + found)


def _target(entry: Entry, inspection: Inspection, label_of: Mapping[str, int]) -> int | MaskSource | Boxes:
    if (boxes := inspection.opened[entry.id].boxes) is not None:
        return boxes
    return label_of[entry.label] if entry.mask is None else entry.mask


def _read(path: Path | None, kind: str, options: LabelOptions, task: TaskKind | None) -> Listing:
    if kind == "auto":
        kind = _detect(path, options, task)
    serves = task_of_format(kind)
    if options.on_bad_box != "drop" and serves not in OBJECT_TASKS:
        raise DataError(f"{path}: the format {kind!r} has no boxes; take data.on_bad_box out")
    if options.masks is not None and serves in OBJECT_TASKS:
        raise DataError(f"{path}: the format {kind!r} has no masks; take data.masks out")
    if serves != "classification":
        reader: DataFormat = FORMATS[kind](options)
        return reader.read(path)
    if options.images is not None or options.masks is not None or options.ignore:
        raise DataError(f"{path}: the format {kind!r} has no masks; take data.images, data.masks and data.ignore out")
    reader = FORMATS[kind]()
    return reader.read(path)


def _detect(path: Path | None, options: LabelOptions, task: TaskKind | None) -> str:
    if path is None:
        raise DataError("no path to the images; give a folder, a CSV, or a format that brings its own images")
    is_json = path.suffix.lower() == ".json"
    if options.masks is not None and not is_json:
        return "masks"
    kind = detect_format(path, task)
    lacks_masks = options.images is not None and task_of_format(kind) == "classification"
    return "masks" if lacks_masks else kind  # which says that patterns belong together


def _inspect(listing: Listing, strict: bool, on_progress: Callable[[int, int], None] | None) -> Inspection:
    where = listing.source or listing.name
    if not listing.entries:
        details = describe(listing.problems)
        raise DataError(f"{where}: no images found; JPEG, PNG, WebP, BMP, GIF and TIFF are read\n{details}".rstrip())
    if listing.task == "instance_segmentation":
        require_stated(listing.entries, where)
    inspection = inspect(listing.entries, on_progress)
    bad = tell(inspection.bad)
    if not inspection.opened:
        with_what = {"segmentation": "can be used with its mask"}
        with_what |= dict.fromkeys(OBJECT_TASKS, "can be used with its boxes")
        nothing = with_what.get(listing.task, "opens")
        raise DataError(
            f"{where}: none of the {len(listing.entries)} images {nothing}\n{describe([*bad, *listing.problems])}"
        )
    if strict and bad:
        raise DataError(f"{where}: {len(inspection.bad)} bad images\n{describe(bad, len(bad))}")
    if listing.task == "instance_segmentation":
        require_placed((opened.boxes for opened in inspection.opened.values()), inspection.findings, where)
    return inspection


def _class_names(
    usable: Sequence[Entry], listing: Listing, options: LabelOptions
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Return the class names in label order, and a problem for each class whose every file is bad."""
    if listing.task != "classification":  # the masks and boxes are made for this order
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
