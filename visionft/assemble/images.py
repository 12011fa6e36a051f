"""Where the images of a run are decoded, and whether they stay on the device that trains."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from visionft.assemble.runtime import Runtime
from visionft.augment import Augmenter, Mixing
from visionft.data.records import Dataset, Sample
from visionft.data.splits import Split
from visionft.errors import RecipeError
from visionft.loading.batches import Batches
from visionft.loading.loader import CACHE_BYTES, Loader
from visionft.loading.resident import DecodedImages, ResidentImages, resident_bytes
from visionft.recipe import Recipe
from visionft.spec import InputSpec

_FRACTION = 0.1  # of a GPU's memory, for images that stay there though nobody asked


def require_decoder(recipe: Recipe, runtime: Runtime) -> None:
    """Check that the decoder of images is available.

    Raises:
        RecipeError: when that is to be CUDA, and the network trains elsewhere.
    """
    if recipe.runtime.decode == "cuda" and runtime.device.type != "cuda":
        raise RecipeError(f"runtime.decode: cuda asked for, and the network trains on {runtime.device}; use cpu")


def loader(
    recipe: Recipe,
    runtime: Runtime,
    samples: Sequence[Sample],
    spec: InputSpec,
    augment: Augmenter | None = None,
    mix: Mixing | None = None,
    *,
    factors_N: NDArray[np.float64] | None = None,
    cache_bytes: int = CACHE_BYTES,
) -> Loader:
    """Return batches that the CPU decodes; arguments as of ``Loader``."""
    return Loader(
        samples,
        spec,
        recipe.optim.batch_size,
        seed=recipe.seed,
        augment=augment,
        mix=mix,
        training=augment is not None,  # also at strength none
        factors_N=factors_N,
        workers=runtime.workers,
        cache_bytes=cache_bytes,
        pin_memory=runtime.device.type == "cuda",
    )


def batches(
    recipe: Recipe,
    runtime: Runtime,
    samples: Sequence[Sample],
    spec: InputSpec,
    augment: Augmenter | None = None,
    mix: Mixing | None = None,
    *,
    resident: bool,
    factors_N: NDArray[np.float64] | None = None,
    on_progress: Callable[[int, int], None],
) -> Batches:
    """Return batches that are decoded where the recipe says.

    Args:
        recipe: what was asked for.
        runtime: where the network trains.
        samples: the images and labels.
        spec: the canvas.
        augment: what may happen to a training image; None for none.
        mix: what may be made of a training image and others before that; None for nothing.
        resident: whether the images stay on the device, see ``keep_resident``.
        factors_N: how often each sample is drawn in training, see ``loading.sampling``; None for once.
        on_progress: called with (images there, images in all) while they are brought there.

    Raises:
        DataError: naming the file that cannot be read any more.
        RecipeError: when there is not what is to decode them.
    """
    require_decoder(recipe, runtime)
    if resident:
        return ResidentImages(
            samples,
            spec,
            recipe.optim.batch_size,
            plain=partial(_plain, recipe, runtime, spec),
            seed=recipe.seed,
            augment=augment,
            device=runtime.device,
            factors_N=factors_N,
            on_progress=on_progress,
        )
    if recipe.runtime.decode == "cuda":
        return _decoded(recipe, runtime, samples, spec, augment, factors_N)
    return loader(recipe, runtime, samples, spec, augment, mix, factors_N=factors_N)


def keep_resident(
    recipe: Recipe, runtime: Runtime, dataset: Dataset, spec: InputSpec, mix: Mixing | None, *, on_device: bool
) -> bool:
    """Return whether the images of a stage are decoded once and then stay on the device.

    Args:
        recipe: what was asked for.
        runtime: where the network trains.
        dataset: its parts train and val stay together.
        spec: the canvas.
        mix: what one training image is made of several by; None for nothing.
        on_device: whether nothing has to happen to the training images elsewhere.

    Raises:
        RecipeError: when they are to stay, and there is not the memory.
    """
    choice = recipe.runtime.resident
    if choice is False or spec.fit == "tile" or mix is not None:
        return False
    if runtime.device.type != "cuda":
        return choice is True
    splits: tuple[Split, ...] = ("train", "val")
    needed = sum(resident_bytes(dataset.split(split), spec) for split in splits)
    total = torch.cuda.get_device_properties(runtime.device).total_memory
    if choice is True and needed > total:
        raise RecipeError(
            f"runtime.resident: true, but on canvases of {spec.width} x {spec.height} the images take "
            f"{needed / 1e9:.1f} GB, and {runtime.device} has {total / 1e9:.1f}; use auto, or a smaller input.size"
        )
    return choice is True or (on_device and needed <= _FRACTION * total)


def _plain(recipe: Recipe, runtime: Runtime, spec: InputSpec, samples: Sequence[Sample]) -> Batches:
    """Return unaugmented batches of samples, that are read once."""
    if recipe.runtime.decode == "cuda":
        return _decoded(recipe, runtime, samples, spec, None)
    return loader(recipe, runtime, samples, spec, cache_bytes=0)


def _decoded(
    recipe: Recipe,
    runtime: Runtime,
    samples: Sequence[Sample],
    spec: InputSpec,
    augment: Augmenter | None,
    factors_N: NDArray[np.float64] | None = None,
) -> DecodedImages:
    return DecodedImages(
        samples,
        spec,
        recipe.optim.batch_size,
        seed=recipe.seed,
        augment=augment,
        device=runtime.device,
        threads=max(1, runtime.workers),
        factors_N=factors_N,
    )
