"""Augmentation on the device that trains, of batches whose parameters were sampled where they were loaded.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB), C the same in a network.
"""

from functools import cache
from importlib.util import find_spec
from subprocess import CalledProcessError

from visionft.augment.batch import Normalised, augment_batch
from visionft.augment.label_mixing import mix_images, mixed_fractions, mixes
from visionft.augment.warp import RGB
from visionft.augment_params import AugmentParams
from visionft.batch import AugmentedBatch, Batch
from visionft.data.targets.base import Target


@cache
def no_kernel() -> str | None:
    """Return why CUDA cannot run the fused engine; None where it can."""
    if not find_spec("triton"):
        return "triton is not installed; pip install triton"
    from triton.runtime import driver  # loads triton

    try:
        driver.active.get_current_target()  # builds what launches kernels; AssertionError: no libcuda to link with
    except (RuntimeError, OSError, CalledProcessError, ImportError, AssertionError) as error:
        return f"triton cannot build its launcher ({error}); it needs a C compiler and Python's headers"
    return None


class DeviceAugmenter:
    """Augments and normalises batches where they lie: by the fused engine on CUDA, else by the batch engine.

    Args:
        normalised: how the network takes images.
        target: what the batches' targets were made of.
        fill: the colour beyond the edges of images, where masks have ``IGNORE``; None mirrors both there.
        classes: how many there are, where images may be mixed.
    """

    def __init__(
        self, normalised: Normalised, target: type[Target], fill: RGB | None = None, *, classes: int = 0
    ) -> None:
        self._normalised = normalised
        self._target = target
        self._fill = fill
        self._classes = classes

    def __call__(self, batch: Batch) -> AugmentedBatch:
        """Return a batch as the network takes it, on its device."""
        batch_params = batch.params or (AugmentParams(),) * len(batch)
        targets, device = batch.targets, batch.images_BHW3.device
        pixels_BHW = self._target.pixels_of(targets)
        augment = augment_batch
        if batch.images_BHW3.is_cuda and not no_kernel():
            from visionft.augment.fused import augment_fused  # loads triton

            augment = augment_fused
        images_BCHW, moved_BHW = augment(
            batch.images_BHW3, batch_params, fill=self._fill, masks_BHW=pixels_BHW, normalised=self._normalised
        )
        if moved_BHW is not None:
            targets = self._target.with_pixels(targets, moved_BHW)
        if mixes(batch_params):
            mix_images(images_BCHW.permute(0, 2, 3, 1), batch_params)
            height, width = images_BCHW.shape[2:]
            targets = self._target.mixed(targets, mixed_fractions(batch_params, (width, height), device), self._classes)
        return AugmentedBatch(images_BCHW, targets, batch.ids)
