"""A data set of boxes or polygons in the format of another tool."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from visionft.api.resolving import Asked, Request, understand
from visionft.assemble import data_state, read_data
from visionft.data.splits import SPLITS
from visionft.data.targets.base import Target
from visionft.data.writers import WRITERS, DataWriter
from visionft.data.writers.convert import require_empty
from visionft.errors import DataError, UnknownName
from visionft.recipe import Overrides
from visionft.tasks import target_of, tasks_for
from visionft.training import Sink
from visionft.training.events import Working


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written.

    Attributes:
        folder: where.
        format: a name in ``WRITERS``.
        images: split -> images.
        objects: split -> objects that can be learned, so without crowds, before anything was lost.
        lost: what the format cannot hold.
        warnings: what a person should know about the data that were read, such as files left out.
    """

    folder: str
    format: str
    images: dict[str, int]
    objects: dict[str, int]
    lost: tuple[str, ...]
    warnings: tuple[str, ...]


def convert(
    data: Asked,
    to: str,
    out: str | Path,
    *,
    link: bool = False,
    overrides: Overrides = (),
    sinks: Sequence[Sink] = (),
) -> Converted:
    """Write a data set of boxes, pictures and splits included, in another format.

    Data without splits are split as for training. Polygons are written where the data have them and the format can say
    them, unless the task is detection.

    Args:
        data: a folder or file of data, a ``vft.Dataset``, or a recipe that names them; a task that is not about objects
            does not matter.
        to: the format: coco, voc or yolo.
        out: a new or empty folder.
        link: make symbolic links to the pictures where they are, instead of copies.
        overrides: ``key=value`` texts or a dict, laid over the recipe, such as ``data.val_fraction=0.2``, or
            ``task.kind=detection`` for boxes alone.
        sinks: who is told of the progress.

    Raises:
        UnknownName: when there is no such format.
        DataError: when the data have no boxes, or the folder cannot be written or is not empty.
    """
    if to not in WRITERS:
        raise UnknownName("format", to, WRITERS, where="--to")
    folder = Path(out).expanduser()
    require_empty(folder)  # reading large data takes a while
    request = understand(data, overrides)
    writer = WRITERS[to]
    to_read = _target_to_read(request, writer)
    dataset = read_data(request.recipe, to_read, lambda done, total: _tell(sinks, done, total), request.data)
    if not issubclass(dataset.target, writer.targets[-1]):
        what = f"its labels are made for {' or '.join(tasks_for(dataset.target))}"
        raise DataError(f"{dataset.name}: {what}; only {writer.targets[-1].plural} can be converted")
    lost = writer.write(dataset, folder, "link" if link else "copy")
    return Converted(
        folder=str(folder),
        format=to,
        images={split: len(dataset.split(split)) for split in SPLITS},
        objects={split: sum(dataset.class_counts(split)) for split in SPLITS},
        lost=tuple(problem.what for problem in lost),
        warnings=tuple(map(str, dataset.problems)),
    )


def _target_to_read(request: Request, writer: DataWriter) -> type[Target]:
    """Return what is to be read: what the user asks for, else the most that the data hold and can be written."""
    asked = target_of(request.recipe.task.kind)
    if issubclass(asked, writer.targets[-1]) and not request.kind_is_open:
        return asked
    found = next((target for target in writer.targets if data_state(request.recipe, target)), None)
    if found is None and request.recipe.data.format == "auto" and request.data is None:
        return asked  # which tells what the labels are
    return found or writer.targets[-1]


def _tell(sinks: Sequence[Sink], done: int, total: int) -> None:
    for sink in sinks:
        sink(Working("reading images", done, total))
