"""A picture of what augmentation does to training images."""

from pathlib import Path

from visionft.api.caller_state import caller_state
from visionft.assemble.preview import augmented_samples, mixing_probabilities, most_augmented_stage
from visionft.assemble.sizing import canvas_of
from visionft.data.records import Dataset
from visionft.imaging.sheet import Row, sheet
from visionft.recipe import Recipe
from visionft.report.picture_file import write_picture
from visionft.spec import InputSpec
from visionft.tasks.view import view_of

SAMPLES, EPOCHS = 6, 5
_LONG_SIDE = 320  # pixels of a picture


@caller_state()
def write_augment_grid(path: Path, recipe: Recipe, dataset: Dataset, spec: InputSpec) -> None:
    """Draw some training images and their targets, as they are and as the network gets them, and write a PNG.

    Args:
        path: the file; it is replaced where there is one.
        recipe: says how images are augmented.
        dataset: its training images, evenly chosen by their order.
        spec: the recipe's canvas.

    Raises:
        DataError: when it cannot be written, or an image cannot be read.
    """
    view = view_of(recipe.task.kind)
    samples = augmented_samples(recipe, dataset, spec, number=SAMPLES, epochs=range(EPOCHS))
    palette = view.palette(dataset)
    rows = [
        Row(
            f"{one.sample.id}   {view.caption(one.sample, dataset.class_names)}".rstrip(),
            [view.draw(example, palette, _LONG_SIDE) for example in one.examples],
        )
        for one in samples
    ]
    columns = ["not augmented", *(f"draw {number}" for number in range(1, EPOCHS + 1))]
    legend = view.legend((example for one in samples for example in one.examples), dataset.class_names, palette)
    write_picture(path, sheet(_heading(recipe, dataset, spec), columns, rows, legend))


def _heading(recipe: Recipe, dataset: Dataset, spec: InputSpec) -> str:
    stage = most_augmented_stage(recipe, spec)
    canvas = canvas_of(stage, spec)
    changed = recipe.augment.ranges.given | mixing_probabilities(recipe, stage, canvas)
    beside = "".join(f", {name} {amount:g}" for name, amount in changed.items())
    beside += "".join(f", {name}" for entry in recipe.extra_transforms(stage) for name in entry)
    return (
        f"{dataset.name}: training images in stage {stage.name}, augment {stage.augment}, "
        f"orientation {recipe.augment.orientation}{beside}, canvas {canvas.width} x {canvas.height}, fit {canvas.fit}"
    )
