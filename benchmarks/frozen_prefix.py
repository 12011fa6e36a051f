"""How fast are frozen layers by onnxruntime and OpenVINO beside torch, alone and with the reading of the files?

python -m benchmarks.frozen_prefix [--repeats 7] [--backbone NAME] [--smoke]

A whole backbone at 224, made-up photographs of 640 x 480 in JPEG, loaded by the process that computes. `features` is
all that a stage with a frozen backbone does with its images: reading, decoding, resizing, normalisation, backbone.
`forward` is the last two alone. torch runs once in the numbers that it takes by itself on this CPU, and once in fp32.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from torch import Tensor

from benchmarks import measure
from visionft.assemble import Job, assemble, load_data
from visionft.models.backbones.cut import Cut
from visionft.recipe import Recipe
from visionft.training.exported_prefix import ExportedPrefix, PrefixGraph, require_same
from visionft.training.frozen import FrozenFeatures
from visionft.training.prefix_engines import installed

_SIZE = 224


def main() -> None:
    """Time all ways and write the result."""
    parser = measure.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="rounds")
    parser.add_argument("--backbone", default="tf_efficientnet_lite0")
    asked = parser.parse_args()
    repeats, images, backbone = (1, 16, "test_resnet") if asked.smoke else (asked.repeats, 96, asked.backbone)
    with tempfile.TemporaryDirectory() as folder:
        job = _job(_photographs(Path(folder), images), backbone)
        plain = replace(job, runtime=replace(job.runtime, bf16=False))
        job.network.backbone.set_trainable(last=0)
        job.network.eval()
        batch_BHW3 = _canvases(job)
        batch_BCHW = job.network.normalised(batch_BHW3)
        cut = Cut(job.network.backbone, partial(job.network.head.features, job.network.backbone), batch_BCHW)
        started = time.perf_counter()
        graph = PrefixGraph(job.network, cut, batch_BHW3)
        export_seconds = {"graph": time.perf_counter() - started}
        exported = {}
        for engine in installed():
            started = time.perf_counter()
            exported[engine] = ExportedPrefix(graph, engine, torch.get_num_threads())
            export_seconds[engine] = time.perf_counter() - started
            with torch.no_grad():
                require_same(cut.prefix(batch_BCHW), exported[engine](batch_BHW3))

        def features_by(prefix: ExportedPrefix) -> Callable[[Tensor], Tensor]:
            return lambda images_BHW3: cast("Tensor", cut.suffix(prefix(images_BHW3)))

        numbers = "bf16" if job.runtime.bf16 else "fp32"
        forward: dict[str, Callable[[], object]] = {
            f"torch {numbers}": partial(_prefix, job, cut, batch_BHW3),
            "torch fp32": partial(_prefix, plain, cut, batch_BHW3),
            **{name: partial(prefix, batch_BHW3) for name, prefix in exported.items()},
        }
        whole: dict[str, Callable[[], object]] = {
            f"torch {numbers}": partial(_features, job, None),
            "torch fp32": partial(_features, plain, None),
            **{name: partial(_features, job, features_by(prefix)) for name, prefix in exported.items()},
        }
        results: dict[str, Any] = {"export_seconds": export_seconds, "operations": cut.operations}
        for title, actions, count in (("forward", forward, len(batch_BHW3)), ("features", whole, images)):
            seconds = measure.interleave(actions, repeats=repeats)
            results[title] = measure.compare(title, seconds, images=count, reference=f"torch {numbers}")
    settings = {"repeats": repeats, "backbone": backbone, "size": _SIZE, "images": images}
    measure.record("frozen_prefix", results, settings=settings, seeds=[0], smoke=asked.smoke)


def _photographs(folder: Path, count: int) -> Path:
    """Write so many training images, and as few others as there must be, and return their folder."""
    rng = np.random.default_rng(0)
    for split, images in (("train", count // 2), ("val", 1)):
        for label in ("a", "b"):
            (folder / split / label).mkdir(parents=True)
            for number in range(images):
                small_HW3 = rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)
                photograph_HW3 = cv2.resize(small_HW3, (640, 480), interpolation=cv2.INTER_CUBIC)
                cv2.imwrite(str(folder / split / label / f"{number}.jpg"), photograph_HW3)
    return folder


def _job(data: Path, backbone: str) -> Job:
    sections: dict[str, Any] = {
        "name": "frozen",
        "data": {"path": str(data)},
        "backbone": {"name": backbone, "weights": "none"},
        "input": {"size": _SIZE, "fit": "stretch"},
        "runtime": {"device": "cpu", "workers": 0},
        "stages": [{"name": "head", "unfreeze": "none", "augment": "none", "epochs": 1}],
    }
    recipe = Recipe.model_validate(sections)
    return assemble(recipe, load_data(recipe))


def _canvases(job: Job) -> Tensor:
    with job.train_loader(job.plans[0].stage, single_pass=True) as loader:
        return next(iter(loader.evaluation())).images_BHW3


@torch.no_grad()
def _prefix(job: Job, cut: Cut, images_BHW3: Tensor) -> None:
    with job.runtime.autocast():
        cut.prefix(job.network.normalised(images_BHW3))


def _features(job: Job, exported: Callable[[Tensor], Tensor] | None) -> None:
    with job.train_loader(job.plans[0].stage, single_pass=True) as loader:
        FrozenFeatures(job, loader, exported=exported)


if __name__ == "__main__":
    main()
