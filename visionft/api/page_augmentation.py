"""What a run's report shows of its augmentation. Shape suffixes: H height, W width, 3 colour channels (RGB)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from visionft.api.augment_grid import Shown, augmented, drawn, mixing, palette_of, strongest_stage
from visionft.assemble import Job
from visionft.data.records import Dataset
from visionft.data.targets.label import Label
from visionft.errors import DataError
from visionft.report.data import AugmentationFacts, SeenImage
from visionft.report.wording import percent

_IMAGES, _EPOCHS = 4, 3
_LONG_SIDE = 256  # pixels; all of them then take 0.1 to 0.4 MB
_ORIENTATIONS = {
    "fixed": "never flipped",
    "upright": "flipped left to right half the time",
    "any": "flipped, and turned by quarters",
}
_MIXINGS = {
    "mosaic": "put together from parts of four (mosaic)",
    "mixup": "with another image shining through (mixup)",
    "cutmix": "with a part of another image (cutmix)",
}


def augmentation_of(job: Job, history: Sequence[Mapping[str, Any]]) -> AugmentationFacts | None:
    """Show a few training images as the most strongly augmented stage saw them in its first epochs.

    Args:
        job: the live objects.
        history: what run.json says of each epoch.

    Returns:
        None where no stage changes its images.
    """
    recipe, stage = job.recipe, strongest_stage(job.recipe)
    shares = mixing(recipe, stage, job.stage_input(stage))
    if stage.augment == "none":
        return None
    how = [_ORIENTATIONS[recipe.augment.orientation]]
    how += [f"{name} up to {reach:g}" for name, reach in recipe.augment.ranges.given.items()]
    how += [f"{percent(share, 0)} {_MIXINGS[name]}" for name, share in shares.items()]
    if job.dataset.target.countable:
        how.append("objects of which too little is left are neither learned nor held against the model (grey)")
    facts = AugmentationFacts(stage=stage.name, strength=stage.augment, how=", ".join(how))
    epochs = [row["epoch"] for row in history if row["stage_name"] == stage.name][:_EPOCHS]
    try:
        shown = augmented(recipe, job.dataset, job.canvas, number=_IMAGES, epochs=[epoch - 1 for epoch in epochs])
    except DataError as error:  # a page without these pictures is better than none
        return replace(facts, problem=str(error))
    names = ("not augmented", *(f"epoch {epoch}" for epoch in epochs))
    return replace(facts, images=tuple(_seen(one, names, job.dataset) for one in shown))


def _seen(one: Shown, names: Sequence[str], dataset: Dataset) -> SeenImage:
    palette = palette_of(dataset)
    pictures_HW3 = (drawn(example, palette, _LONG_SIDE) for example in (one.plain, *one.changed))
    return SeenImage(
        id=one.sample.id,
        label=dataset.class_names[one.sample.target.index] if isinstance(one.sample.target, Label) else "",
        pictures_HW3=tuple(zip(names, pictures_HW3, strict=True)),
    )
