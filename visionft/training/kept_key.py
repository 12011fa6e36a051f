"""What decides what frozen layers make of a view, as one name: where anything of it differs, so does the name."""

from collections.abc import Sequence
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from visionft.assemble import Job
from visionft.assemble.job import augmentation
from visionft.data.records import Sample
from visionft.data.split import content_hash
from visionft.models.backbones.cut import Cut
from visionft.spec import InputSpec
from visionft.stages import Stage

_FORM = 2  # of the files, and of whatever computes views and is not named below
_PACKAGES = ("torch", "torchvision", "timm", "numpy", "opencv-python-headless", "albumentations", "visionft")


def frozen_key(job: Job, spec: InputSpec, cut: Cut, samples: Sequence[Sample], engine: str, *, half: bool) -> str:
    """Return what identifies the plain images of a stage behind its frozen layers.

    Args:
        job: the network, frozen as the stage wants it.
        spec: the stage's canvas.
        cut: where the frozen layers end.
        samples: the images, whose files are read.
        engine: what runs the frozen layers.
        half: whether 16 bits are kept.
    """
    device = job.runtime.device
    parts: list[Any] = [
        _FORM,
        *map(version, _PACKAGES),
        torch.cuda.get_device_name(device) if device.type == "cuda" else torch.backends.cpu.get_cpu_capability(),
        torch.get_num_threads(),
        job.runtime.bf16,
        job.runtime.memory_format,
        type(job.network.head).__qualname__,
        engine if engine == "eager" else (engine, version(engine)),
        cut.places,
        cut.forms,
        half,
        spec,
        job.recipe.optim.batch_size,  # kernels may round otherwise in batches of another size
    ]
    digest = blake2b(repr(parts).encode(), digest_size=16)
    _add_weights(digest, job.network.backbone)
    for sample in samples:
        image = sample.image
        content = content_hash(image.read_bytes()) if isinstance(image, Path) else image.content
        digest.update(repr((sample.id, sample.target.fingerprint(), sample.reading, content)).encode())
        if sample.target.has_pixels:
            pixels = sample.target.read(sample.size).pixels
            digest.update(b"" if pixels is None else np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def look_key(job: Job, stage: Stage, spec: InputSpec, number: int) -> str:
    """Return what identifies a look of the training images of a stage.

    Args:
        job: the recipe.
        stage: one of its stages.
        spec: its canvas.
        number: of the look, see ``Batches.view``.
    """
    augment, mix = augmentation(job.recipe, stage, spec)
    transforms = job.recipe.extra_transforms(stage)
    parts = (augment.policy, augment.orientation, augment.fill, transforms, mix, number)
    return blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def _add_weights(digest: Any, backbone: nn.Module) -> None:
    """Add what the frozen layers hold, and the names of what trains."""
    trained = {name for name, parameter in backbone.named_parameters() if parameter.requires_grad}
    parents = {name.rpartition(".")[0] for name in trained}
    digest.update(repr(sorted(trained)).encode())
    for name, tensor in backbone.state_dict(keep_vars=True).items():
        if name not in trained and name.rpartition(".")[0] not in parents:
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
