"""Whether JPEG files are decoded in full, where a recipe leaves that to its data."""

from pathlib import Path
from statistics import median

from visionft.assemble.sizing import canvas_of
from visionft.data.records import Dataset, Sample
from visionft.imaging.placement import place
from visionft.recipe import Recipe
from visionft.spec import Decode, InputSpec

_JPEG = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
_MUCH = 4.0  # times as large as it is needed, on each side: half the size is then still twice what is needed


def decode_of(recipe: Recipe, dataset: Dataset, spec: InputSpec) -> Decode:
    """Return how a run decodes JPEG files.

    Decoding them smaller changes pixels by a few levels, so in ``auto`` there must be much to gain: half of the
    training images are JPEG files at least four times as large as what is made of them, on each side and in every
    stage.

    Args:
        recipe: what was asked for.
        dataset: the images.
        spec: the canvas of stages without a size.
    """
    asked = recipe.input.decode
    if asked != "auto":
        return asked
    if spec.fit == "tile" or recipe.runtime.decode == "cuda":
        return "full"
    specs = {canvas_of(stage, spec) for stage in recipe.stages}
    shrunk = [min(_shrunk(sample, one) for one in specs) for sample in dataset.split("train")]
    return "reduced" if shrunk and median(shrunk) >= _MUCH else "full"


def _shrunk(sample: Sample, spec: InputSpec) -> float:
    """Return how many times as large as it is needed an image is, on the side where that is less; 0 for no JPEG."""
    if not isinstance(sample.image, Path) or sample.image.suffix.lower() not in _JPEG:
        return 0.0
    return min(side / resized for side, resized in zip(sample.size, place(sample.size, spec).resized, strict=True))
