"""A picture of what augmentation does to training images.

Shape suffixes: H height, W width, 3 colour channels (RGB), N objects; 4 left, top, right, bottom; 5 these and the
class.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from visionft.annotations.marks import CROWD
from visionft.annotations.rasterization import fill_object
from visionft.assemble.job import augmentation, canvas_of
from visionft.atomic import write_with
from visionft.augment import Policy
from visionft.augment.label_mixing import mix_images, mixes
from visionft.augment_params import Change
from visionft.data.records import Dataset, Example, Sample
from visionft.data.targets.boxes import CanvasBoxes
from visionft.data.targets.label import Label
from visionft.data.targets.outlined_boxes import CanvasOutlinedBoxes
from visionft.errors import DataError
from visionft.imaging import default_palette, draw_boxes, line_palette, paint, paint_objects
from visionft.imaging.palette import BLACK, Colour
from visionft.imaging.sheet import Row, sheet
from visionft.loading.canvases import Canvases
from visionft.loading.loader import CACHE_BYTES
from visionft.loading.order import training_plan
from visionft.recipe import Recipe
from visionft.report.pictures import shrink
from visionft.spec import InputSpec
from visionft.stages import Stage
from visionft.tasks import TASKS

SAMPLES, EPOCHS = 6, 5
_LONG_SIDE, _LEAST_SIDE = 320, 160  # pixels of a picture's long side
_LINE = 2  # pixels; half as much is lost between the rims
_OPACITY = 0.35  # of masks and objects: what is below them is augmented as well, and wants to be seen
_CROWD_COLOUR: Colour = (150, 150, 150)
_STRENGTHS = ("none", "light", "medium", "auto", "strong")


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A training image on the canvas.

    Attributes:
        sample: the image.
        plain: without augmentation.
        changed: as the network gets it, once for each epoch.
    """

    sample: Sample
    plain: Example
    changed: tuple[Example, ...]


def require_picture_name(path: Path, dataset: Dataset | None = None) -> None:
    """Check that a picture may be written.

    Args:
        path: the file.
        dataset: whose images are not to be overwritten.

    Raises:
        DataError: when it may not.
    """
    if path.suffix.lower() != ".png":
        raise DataError(f"--show-augment: {path}: a PNG is written; give a name that ends in .png")
    with _failure_named(path):
        if path.is_dir():
            raise DataError(f"--show-augment: {path}: is a folder; give a file")
        if not path.parent.is_dir():
            raise DataError(f"--show-augment: {path}: there is no folder {path.parent}; make it, or write elsewhere")
    if dataset is not None and path.resolve() in {sample.path.resolve() for sample in dataset.samples}:
        raise DataError(f"--show-augment: {path}: is one of the images and would be overwritten; write elsewhere")


def strongest_stage(recipe: Recipe) -> Stage:
    """Return the stage with the strongest augmentation, of several the first; where objects are mixed, of those."""
    mixed = TASKS[recipe.task.kind].target.countable and (recipe.augment.mosaic or recipe.augment.mixup)
    stages = recipe.stages[:-1] if mixed else recipe.stages
    return max(stages, key=lambda stage: _STRENGTHS.index(stage.augment))


def mixing(recipe: Recipe, stage: Stage, canvas: InputSpec) -> dict[str, float]:
    """Return the share of the images of a stage that are mixed with others, by the way in which they are."""
    augment, mix = augmentation(recipe, stage, canvas)
    policy = augment.policy or Policy()
    ways = {"mosaic": mix.mosaic, "mixup": mix.mixup} if mix else {"mixup": policy.mixup, "cutmix": policy.cutmix}
    return {name: share for name, share in ways.items() if share}


def augmented(
    recipe: Recipe,
    dataset: Dataset,
    spec: InputSpec,
    *,
    number: int = SAMPLES,
    epochs: Sequence[int] = range(EPOCHS),
) -> list[Shown]:
    """Return some training images as the network gets them, by the augmentation of ``strongest_stage``.

    Args:
        recipe: says how images are changed.
        dataset: its training images, evenly chosen by their order.
        spec: the recipe's canvas.
        number: how many images, where there are as many.
        epochs: of the run, counted from 0.

    Raises:
        DataError: naming the file, when one cannot be read (any more).
    """
    samples = dataset.split("train")
    stage = strongest_stage(recipe)
    canvas = canvas_of(stage, spec)
    augment, mix = augmentation(recipe, stage, canvas)
    plain, changed = (
        Canvases(samples, canvas, seed=recipe.seed, augment=how, mix=several, training=True, cache_bytes=CACHE_BYTES)
        for how, several in ((None, None), (augment, mix))
    )
    number = min(number, len(samples))
    chosen = [(2 * place + 1) * len(samples) // (2 * number) for place in range(number)]
    following = {epoch: _following(recipe, len(samples), epoch) for epoch in epochs}
    return [
        Shown(
            samples[index],
            plain[0, index],
            # an image that the epoch leaves out is shown as it would be alone
            tuple(_in_batch(changed, epoch, index, following[epoch].get(index, index)) for epoch in epochs),
        )
        for index in chosen
    ]


def _following(recipe: Recipe, images: int, epoch: int) -> dict[int, int]:
    """Return the image after each one in its batch; after the last one comes the first."""
    plan = training_plan(images, recipe.optim.batch_size, seed=recipe.seed, epoch=epoch)
    return {index: after for batch in plan for index, after in zip(batch, [*batch[1:], batch[0]], strict=True)}


def _in_batch(canvases: Canvases, epoch: int, index: int, after: int) -> Example:
    """Return what is on a canvas once the images of its batch are mixed."""
    example = canvases[epoch, index]
    if not mixes([example.params]):
        return example
    pair = np.stack([example.image_HW3, canvases[epoch, after].image_HW3])
    pair_2HW3 = torch.from_numpy(pair).float()
    mix_images(pair_2HW3, [example.params, Change()])
    return example._replace(image_HW3=pair_2HW3[0].round().to(torch.uint8).numpy())


def write_augment_grid(path: Path, recipe: Recipe, dataset: Dataset, spec: InputSpec) -> None:
    """Draw what ``augmented`` returns, with masks, boxes or outlines, and write it as PNG.

    Args:
        path: the file; it is replaced where there is one.
        recipe: as for ``augmented``.
        dataset: as for ``augmented``.
        spec: as for ``augmented``.

    Raises:
        DataError: when it cannot be written, or an image cannot be read.
    """
    shown = augmented(recipe, dataset, spec)
    palette = palette_of(dataset)
    rows = [
        Row(_title(one.sample, dataset), [drawn(example, palette) for example in (one.plain, *one.changed)])
        for one in shown
    ]
    columns = ["not augmented", *(f"draw {number}" for number in range(1, EPOCHS + 1))]
    picture_HW3 = sheet(_heading(recipe, dataset, spec), columns, rows, _legend(shown, dataset, palette))
    data = cv2.imencode(".png", picture_HW3[..., ::-1])[1]
    with _failure_named(path):
        write_with(path, data.tofile)


@contextmanager
def _failure_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"--show-augment: {path}: cannot be written ({error.strerror}); write elsewhere") from error


def palette_of(dataset: Dataset) -> tuple[Colour, ...]:
    """Return the colour (RGB, 0..255) in which ``drawn`` shows class 0, 1, ..."""
    names = dataset.class_names
    return dataset.palette or (line_palette(len(names)) if dataset.target.countable else default_palette(names))


def _heading(recipe: Recipe, dataset: Dataset, spec: InputSpec) -> str:
    stage = strongest_stage(recipe)
    canvas = canvas_of(stage, spec)
    own = recipe.augment.ranges.given | mixing(recipe, stage, canvas)
    beside = "".join(f", {name} {amount:g}" for name, amount in own.items())
    return (
        f"{dataset.name}: training images in stage {stage.name}, augment {stage.augment}, "
        f"orientation {recipe.augment.orientation}{beside}, canvas {canvas.width} x {canvas.height}, fit {canvas.fit}"
    )


def _title(sample: Sample, dataset: Dataset) -> str:
    if isinstance(sample.target, Label):
        return f"{sample.id}   {dataset.class_names[sample.target.index]}"
    return sample.id


def drawn(example: Example, palette: tuple[Colour, ...], long_side: int = _LONG_SIDE) -> NDArray[np.uint8]:
    """Return a canvas at a size to look at, with its mask or objects.

    Args:
        example: the canvas.
        palette: colour (RGB, 0..255) of class 0, 1, ...
        long_side: most pixels of a side.
    """
    image_HW3 = _fit(example.image_HW3, long_side, cv2.INTER_AREA)
    if example.target.pixels is not None:
        return paint(image_HW3, _fit(example.target.pixels, long_side, cv2.INTER_NEAREST_EXACT), palette, _OPACITY)
    target = example.target
    if not isinstance(target, CanvasBoxes):
        return image_HW3
    (high, wide), (height, width) = example.image_HW3.shape[:2], image_HW3.shape[:2]
    scale_2 = np.array([width / wide, height / high], np.float32)
    boxes_N4 = target.boxes_N5[:, :4] * np.tile(scale_2, 2)
    labels = target.boxes_N5[:, 4].astype(int).tolist()
    colours = [_CROWD_COLOUR if label == CROWD else palette[label] for label in labels]
    if isinstance(target, CanvasOutlinedBoxes) and target.outlines:
        masks = [
            fill_object(tuple(ring_P2 * scale_2 for ring_P2 in rings), (width, height)) for rings in target.outlines
        ]
        image_HW3 = paint_objects(image_HW3, masks, colours, _OPACITY)
    return draw_boxes(image_HW3, boxes_N4, [""] * len(labels), colours, line=_LINE)


def _fit(pixels: NDArray[np.uint8], long_side: int, interpolation: int) -> NDArray[np.uint8]:
    """Shrink what is large, and enlarge by whole pixels what is too small to be seen."""
    factor = math.ceil(_LEAST_SIDE / max(pixels.shape[:2]))
    if factor > 1:
        return np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1)
    return shrink(pixels, long_side, interpolation)


def _legend(shown: list[Shown], dataset: Dataset, palette: tuple[Colour, ...]) -> list[tuple[str, Colour]]:
    """Return the names and colours of what is to be seen."""
    seen: set[int] = set()
    for example in (example for one in shown for example in (one.plain, *one.changed)):
        if example.target.pixels is not None:
            seen |= set(np.unique(example.target.pixels).tolist())
        if isinstance(example.target, CanvasBoxes):
            seen |= set(example.target.boxes_N5[:, 4].astype(int).tolist())
    named = [
        (f"{name} (not painted)" if colour == BLACK else name, colour)
        for label, (name, colour) in enumerate(zip(dataset.class_names, palette, strict=True))
        if label in seen
    ]
    return [*named, ("neither learned nor measured", _CROWD_COLOUR)] if CROWD in seen else named
