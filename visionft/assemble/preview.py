"""Augmented training images to look at. Shape suffixes: H height, W width, 3 colours (RGB)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from visionft.assemble.job import augmentation, sampling_of
from visionft.assemble.sizing import canvas_of
from visionft.augment import Policy
from visionft.augment.label_mixing import mix_images, mixes
from visionft.augment_params import AugmentParams
from visionft.data.records import Dataset, Example, Sample
from visionft.loading.canvases import Canvases
from visionft.loading.loader import CACHE_BYTES
from visionft.loading.order import training_plan
from visionft.loading.sampling import repeat_factors
from visionft.recipe import Recipe
from visionft.spec import InputSpec
from visionft.stages import Stage

_STRENGTHS = ("none", "flips", "light", "medium", "auto", "strong")


@dataclass(frozen=True, slots=True, eq=False)
class AugmentedSample:
    """A training image on the canvas.

    Attributes:
        sample: the image.
        original: without augmentation.
        augmented: as the network gets it, by epoch.
    """

    sample: Sample
    original: Example
    augmented: tuple[Example, ...]

    @property
    def examples(self) -> tuple[Example, ...]:
        """The original, then its augmented copies."""
        return self.original, *self.augmented


def most_augmented_stage(recipe: Recipe, spec: InputSpec) -> Stage:
    """Return the stage with the strongest augmentation, the first of equals.

    Where whole images are mixed before anything else happens to them, it is one of the stages that do so; then one of
    those that do what ``augment.extra`` lists.

    Args:
        recipe: says how images are augmented.
        spec: the recipe's canvas.
    """

    def reach(stage: Stage) -> tuple[bool, bool, int]:
        augment, mix = augmentation(recipe, stage, canvas_of(stage, spec))
        return mix is not None, augment.transforms is not None, _STRENGTHS.index(stage.augment)

    return max(recipe.stages, key=reach)


def mixing_probabilities(recipe: Recipe, stage: Stage, canvas: InputSpec) -> dict[str, float]:
    """Return the fraction of the images of a stage that are mixed with others, by the kind of mixing."""
    augment, mix = augmentation(recipe, stage, canvas)
    policy = augment.policy or Policy()
    kinds = {"mosaic": mix.mosaic, "mixup": mix.mixup} if mix else {"mixup": policy.mixup, "cutmix": policy.cutmix}
    return {name: probability for name, probability in kinds.items() if probability}


def augmented_samples(
    recipe: Recipe, dataset: Dataset, spec: InputSpec, *, number: int, epochs: Sequence[int]
) -> list[AugmentedSample]:
    """Augment some training images as ``most_augmented_stage`` does.

    Args:
        recipe: says how images are augmented.
        dataset: its training images, evenly chosen by their order.
        spec: the recipe's canvas.
        number: how many images, where there are as many.
        epochs: of the run, counted from 0.

    Raises:
        DataError: naming the file, when one cannot be read (any more).
    """
    samples = dataset.split("train")
    stage = most_augmented_stage(recipe, spec)
    canvas = canvas_of(stage, spec)
    augment, mix = augmentation(recipe, stage, canvas)
    original, augmented = (
        Canvases(samples, canvas, seed=recipe.seed, augment=how, mix=several, training=True, cache_bytes=CACHE_BYTES)
        for how, several in ((None, None), (augment, mix))
    )
    number = min(number, len(samples))
    chosen = [(2 * place + 1) * len(samples) // (2 * number) for place in range(number)]
    factors_N = repeat_factors(samples, sampling_of(recipe, stage))
    partners = {epoch: _partners(recipe, len(samples), epoch, factors_N) for epoch in epochs}
    return [
        AugmentedSample(
            samples[index],
            original[0, index],
            # an image that the epoch leaves out is shown as it would be alone
            tuple(_mixed(augmented, epoch, index, partners[epoch].get(index, index)) for epoch in epochs),
        )
        for index in chosen
    ]


def _partners(recipe: Recipe, images: int, epoch: int, factors_N: NDArray[np.float64] | None) -> dict[int, int]:
    """Return the image after each one in its batch, with which it may be mixed; after the last one comes the first."""
    plan = training_plan(images, recipe.optim.batch_size, seed=recipe.seed, epoch=epoch, factors_N=factors_N)
    return {index: after for batch in plan for index, after in zip(batch, [*batch[1:], batch[0]], strict=True)}


def _mixed(canvases: Canvases, epoch: int, index: int, partner: int) -> Example:
    """Return a canvas mixed with the next one of its batch."""
    example = canvases[epoch, index]
    if not mixes([example.params]):
        return example
    pair = np.stack([example.image_HW3, canvases[epoch, partner].image_HW3])
    pair_2HW3 = torch.from_numpy(pair).float()
    mix_images(pair_2HW3, [example.params, AugmentParams()])
    return example._replace(image_HW3=pair_2HW3[0].round().to(torch.uint8).numpy())
