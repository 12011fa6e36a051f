"""Does it pay to compile what trains? Steps behind kept views with torch's own operations and compiled, and compiling.

python -m benchmarks.compiled_step [--repeats 5] [--cases resnet18:3:bf16 ...] [--smoke]

A case is a backbone, how many of its depth groups train, and the numbers. A step is forward and backward of 32 images
at 224, without the optimizer. What was compiled before is not used: a cache of its own is filled.
"""

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

import visionft as vft
from benchmarks import measure
from visionft.assemble import Job, assemble, load_data
from visionft.batch import AnyBatch, KeptBatch
from visionft.models.backbones.cut import Cut
from visionft.models.compiled import CompiledParts, matrices, parts_to_compile
from visionft.models.conversion import quiet
from visionft.recipe import Recipe
from visionft.training.optimizer import enter_stage
from visionft.training.step import Stepper

_CASES = ("tf_efficientnet_lite0:6:bf16", "tf_efficientnet_lite0:6:fp32", "resnet18:3:bf16", "resnet18:3:fp32")
_SIZE, _IMAGES = 224, 32


def main() -> None:
    """Time all cases and write the result."""
    parser = measure.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="rounds")
    parser.add_argument("--cases", nargs="+", default=list(_CASES))
    asked = parser.parse_args()
    repeats, cases = (1, ["test_resnet:2:fp32"]) if asked.smoke else (asked.repeats, asked.cases)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        for case in cases:
            results[case] = _measured(case, repeats)
    settings = {"repeats": repeats, "size": _SIZE, "batch": _IMAGES}
    measure.record("compiled_step", results, settings=settings, seeds=[0], smoke=asked.smoke)


def _measured(case: str, repeats: int) -> dict[str, Any]:
    backbone, unfreeze, numbers = case.rsplit(":", 2)
    job = job_of(backbone, int(unfreeze), numbers)
    stepper = Stepper(job, job.plans[0], enter_stage(job, job.plans[0]))
    batch = _kept(job)
    parts = CompiledParts(parts_to_compile(job.network))
    started = time.perf_counter()
    with quiet():
        _compiled(stepper, batch, parts)
    seconds = time.perf_counter() - started
    ways: dict[str, Callable[[], object]] = {
        "eager": partial(stepper.gradients, batch),
        "compiled": partial(_compiled, stepper, batch, parts),
    }
    found = measure.compare(case, measure.interleave(ways, repeats=repeats), images=_IMAGES, reference="eager")
    return {"compiling_seconds": seconds, "matrices": sum(map(matrices, parts.modules)), "step": found}


def _compiled(stepper: Stepper, batch: AnyBatch, parts: CompiledParts) -> None:
    with parts.used(strictly=True):
        stepper.gradients(batch, parts.modules)


def _kept(job: Job) -> KeptBatch:
    """Return a batch of what the frozen layers give."""
    network = job.network
    images_BHW3 = torch.randint(256, (_IMAGES, _SIZE, _SIZE, 3), generator=torch.Generator().manual_seed(0))
    images_BCHW = network.normalised(images_BHW3.to(torch.uint8))
    with job.runtime.autocast():
        cut = Cut(network.backbone, partial(network.head.features, network.backbone), images_BCHW)
        kept = cut.prefix(images_BCHW)
    return KeptBatch(kept, cut.suffix, torch.arange(_IMAGES) % 2, ("",) * _IMAGES)


def job_of(backbone: str, unfreeze: int, numbers: str) -> Job:
    """Return a job of one stage on made-up images at 224.

    Args:
        backbone: its name; its weights are random.
        unfreeze: how many depth groups train.
        numbers: ``runtime.precision``.
    """
    stage = {"name": "top", "unfreeze": unfreeze, "augment": "none", "epochs": 1}
    sections: dict[str, Any] = {
        "name": "compiled",
        "data": {"format": "memory", "val_fraction": 0.25, "test_fraction": 0.0},
        "backbone": {"name": backbone, "weights": "none"},
        "input": {"size": _SIZE, "fit": "stretch"},
        "runtime": {"device": "cpu", "workers": 0, "precision": numbers},
        "stages": [stage],
    }
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (16, 32, 32, 3), dtype=np.uint8)
    data = vft.Dataset.from_arrays(images, [f"class {number % 2}" for number in range(16)])
    recipe = Recipe.model_validate(sections)
    return assemble(recipe, load_data(recipe, source=data))


if __name__ == "__main__":
    main()
