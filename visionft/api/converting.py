"""A data set of boxes or outlines in the format of another tool."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from visionft.api.resolving import kind_is_open, resolve
from visionft.assemble import read_data, states_outlines
from visionft.data.writers.convert import Pictures, require_empty, write_coco, write_voc, write_yolo
from visionft.errors import UnknownName
from visionft.recipe import Recipe
from visionft.data.records import SPLITS, Dataset, Problem
from visionft.sample import OBJECT_TASKS, TaskKind
from visionft.training import Sink
from visionft.training.events import Working

WRITERS: Mapping[str, Callable[[Dataset, Path, Pictures], list[Problem]]] = MappingProxyType(
    {"coco": write_coco, "voc": write_voc, "yolo": write_yolo}
)
"""Format -> what writes it."""


OUTLINED = ("coco", "yolo")
"""The formats that can say outlines."""


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
    data: Recipe | str | Path,
    to: str,
    out: str | Path,
    *,
    link: bool = False,
    overrides: Sequence[str] = (),
    sinks: Sequence[Sink] = (),
) -> Converted:
    """Write a data set of boxes, pictures and splits included, in another format.

    Data without splits are split as for training. Outlines are written where the data have them and the format can say
    them, unless the task is detection.

    Args:
        data: a folder or file of data, or a recipe that names them; a task that is not about objects does not matter.
        to: the format: coco, voc or yolo.
        out: a new or empty folder.
        link: make symbolic links to the pictures where they are, instead of copies.
        overrides: ``key=value`` texts laid over the recipe, such as ``data.val_fraction=0.2``, or
            ``task.kind=detection`` for boxes alone.
        sinks: who is told of the progress.

    Raises:
        UnknownName: when there is no such format.
        DataError: when the data have no boxes, or the folder cannot be written or is not empty.
    """
    if to not in WRITERS:
        raise UnknownName("format", to, WRITERS, where="--to")
    folder = Path(out)
    require_empty(folder)  # reading large data takes a while
    recipe = resolve(data, overrides)
    dataset = read_data(
        recipe, _task(recipe, to, kind_is_open(data, overrides)), lambda done, total: _tell(sinks, done, total)
    )
    lost = WRITERS[to](dataset, folder, "link" if link else "copy")
    return Converted(
        folder=str(folder),
        format=to,
        images={split: len(dataset.split(split)) for split in SPLITS},
        objects={split: sum(dataset.amounts(split)) for split in SPLITS},
        lost=tuple(problem.what for problem in lost),
        warnings=tuple(map(str, dataset.problems)),
    )


def _task(recipe: Recipe, to: str, kind_is_open: bool) -> TaskKind:
    """Return what is to be read: what the user asks for, else outlines where there are some and they can be written."""
    if recipe.task.kind in OBJECT_TASKS and not kind_is_open:
        return recipe.task.kind
    return "instance_segmentation" if to in OUTLINED and states_outlines(recipe) else "detection"


def _tell(sinks: Sequence[Sink], done: int, total: int) -> None:
    for sink in sinks:
        sink(Working("reading images", done, total))
