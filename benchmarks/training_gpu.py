"""Does the GPU ever wait for images? Training from files beside the same steps on one batch that is always there.

python -m benchmarks.training_gpu [--backbones resnet50 vit_small_patch16_224] [--batch 256] [--rounds 3] [--smoke]

Random weights, everything trains, augmentation ``medium``, JPEG files of 500 x 375 pixels made up for the occasion. The
step rate is that of the steps alone, on an augmented batch that lies on the device. Beside it, epochs of a run whose
images are resident on the device, are loaded and augmented there, and are loaded and augmented by the CPU. The first
epoch of each, in which processes start and kernels are compiled, does not count; then they take turns, an epoch each.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks import measure
from visionft.assemble import Job, assemble, load_data
from visionft.checkpoint import RunFolder
from visionft.recipe import load_recipe
from visionft.training.interrupt import InterruptGuard
from visionft.training.optimizer import enter_stage
from visionft.training.session import Session
from visionft.training.stage_run import StageRun
from visionft.training.step import Stepper

STEPS = "steps alone"
IMAGES, CLASSES, SIZE = 8192, 8, (500, 375)
WAYS = {  # whether the device augments, and has the images
    "resident": (True, True),
    "loaded, augmented on the device": (True, False),
    "loaded and augmented on the CPU": (False, False),
}
STAGE = "{name: all, unfreeze: all, norm: all, augment: medium, epochs: 1000, head_lr: 1e-4, backbone_lr: 1e-4}"


def write_images(folder: Path, number: int) -> None:
    """Write pictures that compress about as photographs do."""
    rng = np.random.default_rng(0)
    for label in range(CLASSES):
        (folder / f"class {label}").mkdir()
    for index in range(number):
        coarse_hw3 = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        image_HW3 = cv2.resize(coarse_hw3, SIZE, interpolation=cv2.INTER_CUBIC)
        noise_HW1 = rng.integers(-8, 9, (*image_HW3.shape[:2], 1), dtype=np.int16)
        noisy_HW3 = np.clip(image_HW3 + noise_HW1, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"class {index % CLASSES}" / f"{index}.jpg"), noisy_HW3)


def build(folder: Path, backbone: str, batch: int, *, augments: bool, resident: bool) -> Job:
    settings = [
        f"data={{path: {folder}, format: folder}}",
        f"backbone={{name: {backbone}, weights: none}}",
        f"optim.batch_size={batch}",
        f"stages=[{STAGE}]",
        f"runtime={{workers: {os.cpu_count()}, resident: {resident}}}",
        "input.size=224",
    ]
    recipe = load_recipe("solar_cells", settings)
    return replace(assemble(recipe, load_data(recipe)), augments=augments)


def steps_alone(job: Job, number: int) -> Callable[[], None]:
    """Return a function that takes steps on one batch, which is augmented and lies on the device."""
    plan = job.plans[0]
    stepper = Stepper(job, plan, enter_stage(job, plan))
    with job.train_loader(plan.stage) as loader:
        batch = next(iter(loader.training(0))).to(job.runtime.device)
    steps = count()

    def take() -> None:
        for _ in range(number):
            step = next(steps)
            stepper.take([batch], run_step=step, stage_step=step)

    return take


@contextmanager
def epochs(job: Job) -> Iterator[Callable[[], None]]:
    """Give a function that trains one epoch as ``fit`` does, without its validation."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(job, RunFolder.create(job.recipe, Path(folder) / "run"))
        with StageRun(session, job.plans[0]) as stage:

            def train() -> None:
                stage.train_epoch(InterruptGuard(Path(folder)))
                session.progress.end_epoch()

            yield train


def measure_backbone(folder: Path, backbone: str, batch: int, rounds: int) -> dict[str, Any]:
    with ExitStack() as stack:
        jobs = {
            name: build(folder, backbone, batch, augments=augments, resident=resident)
            for name, (augments, resident) in WAYS.items()
        }
        actions = {name: stack.enter_context(epochs(job)) for name, job in jobs.items()}
        first = next(iter(jobs.values()))
        number = first.plans[0].steps_per_epoch
        actions[STEPS] = steps_alone(build(folder, backbone, batch, augments=False, resident=False), number)
        seconds = measure.interleave(actions, repeats=rounds)
        return measure.compare(backbone, seconds, len(first.dataset.split("train")), STEPS)


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--backbones", nargs="+", default=["resnet50", "vit_small_patch16_224"])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if measure.DEVICE.type != "cuda" and not args.smoke:
        raise SystemExit("there is no GPU here")
    images, batch, rounds = (64, 8, 1) if args.smoke else (IMAGES, args.batch, args.rounds)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder), images)
        results = {name: measure_backbone(Path(folder), name, batch, rounds) for name in args.backbones}
    settings = {"batch_size": batch, "images": images, "size": 224, "rounds": rounds, "workers": os.cpu_count()}
    measure.record("training_gpu", results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
