"""Does the loop cost anything? Our step, epoch and evaluation against plain PyTorch, and the number formats.

python -m benchmarks.training_step [--backbones tf_efficientnet_lite0 resnet18] [--repeats 7] [--smoke]

Random weights, all layers train, norm statistics included; real solar cells, augmented as the recipe says.
"""

import tempfile
from collections.abc import Callable, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from benchmarks import measure
from benchmarks.hand_written import HandWritten
from visionft.assemble import Job, assemble, load_data
from visionft.batch import Batch
from visionft.checkpoint import RunFolder
from visionft.data.records import Dataset
from visionft.recipe import load_recipe
from visionft.training import exact_runner
from visionft.training.inference import validate
from visionft.training.interrupt import InterruptGuard
from visionft.training.optimizer import enter_stage
from visionft.training.session import Session
from visionft.training.stage_run import StageRun
from visionft.training.step import Stepper

LOOP_STEPS = 30
PLAIN = "plain loop, same kernels"
STAGE = "{name: all, unfreeze: all, norm: all, schedule: constant, warmup: 0, head_lr: 1e-4, backbone_lr: 1e-4, "
FORMATS = {
    f"{precision} {layout}": (f"runtime.precision={precision}", f"runtime.memory_format={layout}")
    for precision in ("bf16", "fp32")
    for layout in ("channels_last", "contiguous")
}


def build(backbone: str, dataset: Dataset, smoke: bool, *overrides: str) -> Job:
    steps = 2 if smoke else LOOP_STEPS
    small = ("input.size=64", "optim.batch_size=4") if smoke else ()
    chosen = (f"backbone.name={backbone}", "backbone.weights=none", f"stages=[{STAGE} steps: {steps}}}]")
    return assemble(load_recipe("solar_cells", [*chosen, *small, *overrides]), dataset)


def training_batches(job: Job, number: int) -> list[Batch]:
    with job.train_loader(job.plans[0].stage) as loader:
        return list(islice(loader.training(0), number))


def our_steps(job: Job, batches: Sequence[Batch]) -> Callable[[], None]:
    stepper = Stepper(job, job.plans[0], enter_stage(job, job.plans[0]))
    numbers = count()

    def take() -> None:
        for batch in batches:
            number = next(numbers)
            stepper.take([batch], run_step=number, stage_step=number)

    return take


def plain_steps(plain: HandWritten, batches: Sequence[Batch]) -> Callable[[], None]:
    def take() -> None:
        for batch in batches:
            plain.step(batch.images_BHW3, cast("Tensor", batch.targets))

    return take


def our_loop(job: Job) -> None:
    """Train the stage's steps as ``fit`` does, with a loader that has read nothing yet."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(job, RunFolder.create(job.recipe, Path(folder) / "run"))
        with StageRun(session, job.plans[0]) as stage:
            stage.train_epoch(InterruptGuard(Path(folder)))


def training_forward(job: Job, batches: Sequence[Batch]) -> None:
    job.network.train()
    for batch in batches:
        with job.runtime.autocast():
            job.network(batch.to(job.runtime.device).images_BHW3)


def exact_evaluation(job: Job, batches: Sequence[Batch]) -> None:
    run = exact_runner(job)
    for batch in batches:
        run(batch.images_BHW3.numpy())


def measure_backbone(backbone: str, dataset: Dataset, repeats: int, smoke: bool) -> dict[str, Any]:
    job = build(backbone, dataset, smoke)
    batches = training_batches(job, 2)
    images = sum(map(len, batches))
    same = HandWritten(job, same_kernels=True)
    steps = {
        PLAIN: plain_steps(same, batches),
        "plain loop": plain_steps(HandWritten(job, same_kernels=False), batches),
        "visionft": our_steps(job, batches),
    }
    seconds = measure.interleave(steps, repeats=repeats)
    found = {"step": measure.compare(f"{backbone}: step", seconds, images, PLAIN)}

    grid = {name: our_steps(build(backbone, dataset, smoke, *texts), batches) for name, texts in FORMATS.items()}
    layout = "channels_last" if job.runtime.memory_format is torch.channels_last else "contiguous"
    chosen = f"{'bf16' if job.runtime.bf16 else 'fp32'} {layout}"  # by default
    seconds = measure.interleave(grid, repeats=max(1, repeats - 2))
    found["formats"] = measure.compare(f"{backbone}: formats", seconds, images, chosen)

    passes: dict[str, Callable[[], object]] = {
        "training forward": lambda: training_forward(job, batches),
        "validation": lambda: validate(job, batches),
        "evaluation, fp32": lambda: exact_evaluation(job, batches),
    }
    seconds = measure.interleave(passes, repeats=repeats)
    found["evaluation"] = measure.compare(f"{backbone}: evaluation", seconds, images, "training forward")

    length = job.plans[0].steps
    loops: dict[str, Callable[[], object]] = {PLAIN: lambda: same.train(job, length), "visionft": lambda: our_loop(job)}
    seconds = measure.interleave(loops, repeats=1 if smoke else 3, warmup=0)
    title = f"{backbone}: {length} steps, loading and augmentation included"
    found["loop"] = measure.compare(title, seconds, length * job.recipe.optim.batch_size, PLAIN)
    return found


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--backbones", nargs="+", default=["tf_efficientnet_lite0", "resnet18"])
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    repeats = 1 if args.smoke else args.repeats
    torch.manual_seed(0)
    dataset = load_data(load_recipe("solar_cells"))
    results = {name: measure_backbone(name, dataset, repeats, args.smoke) for name in args.backbones}
    settings = {"batch_size": 32, "size": 224, "repeats": repeats, "loop_steps": LOOP_STEPS, "weights": "random"}
    measure.record("training_step", results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
