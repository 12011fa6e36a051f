"""Does our loop cost anything in segmentation? Our step with the head unet against smp's Unet in a plain loop.

python -m benchmarks.segmentation_step [--backbones tf_efficientnet_lite0 resnet18] [--repeats 5] [--smoke]

The same network, loss (cross-entropy), number formats, batches and convolution kernels; random weights, everything
trains, norm statistics included. Ours also clips gradients and checks that each step is finite. The head `lite` is
timed beside them.
"""

from collections.abc import Callable
from itertools import count
from typing import Any, cast

import torch
from torch import Tensor

from benchmarks import measure
from benchmarks.plain_unet import PlainUnet
from visionft.assemble import Job, assemble, load_data
from visionft.batch import Batch
from visionft.recipe import load_recipe
from visionft.training.optimizer import enter_stage
from visionft.training.step import Stepper

PLAIN = "smp Unet, plain loop"
STAGE = "{name: all, unfreeze: all, norm: all, steps: 1000, augment: none, head_lr: 1e-4, backbone_lr: 1e-4}"


def build(backbone: str, head: str, smoke: bool) -> Job:
    settings = [
        f"data.path={measure.data_folder() / 'camvid-subset'}",
        f"backbone.name={backbone}",
        "backbone.weights=none",
        f"task.head={head}",
        "task.losses={cross_entropy: 1}",
        "task.dropout=0",
        "optim.batch_size=4",
        "optim.ema=null",
        f"input.size={'[64, 96]' if smoke else '[240, 320]'}",
        f"stages=[{STAGE}]",
    ]
    recipe = load_recipe("camvid", settings)
    return assemble(recipe, load_data(recipe))


def our_step(job: Job, batch: Batch) -> Callable[[], object]:
    job.network.train()
    stepper = Stepper(job, job.plans[0], enter_stage(job, job.plans[0]))
    numbers = count()

    def take() -> object:
        number = next(numbers)
        return stepper.take([batch], run_step=number, stage_step=number)

    return take


def measure_backbone(backbone: str, repeats: int, smoke: bool) -> dict[str, Any]:
    job = build(backbone, "unet", smoke)
    with job.train_loader(job.plans[0].stage) as loader:
        batch = next(iter(loader.training(0)))
    plain = PlainUnet(job, lr=1e-4, epochs=1, seed=0)
    plain.net.train()
    steps: dict[str, Callable[[], object]] = {
        PLAIN: lambda: plain.step(batch.images_BHW3, cast("Tensor", batch.targets)),
        "visionft, unet": our_step(job, batch),
        "visionft, lite": our_step(build(backbone, "lite", smoke), batch),
    }
    seconds = measure.interleave(steps, repeats=repeats, warmup=2)
    return measure.compare(f"{backbone}: step", seconds, len(batch), PLAIN)


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--backbones", nargs="+", default=["tf_efficientnet_lite0", "resnet18"])
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    torch.manual_seed(0)
    repeats = 1 if args.smoke else args.repeats
    results = {name: measure_backbone(name, repeats, args.smoke) for name in args.backbones}
    settings = {"batch_size": 4, "size": [240, 320], "repeats": repeats, "weights": "random"}
    measure.record("segmentation_step", results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
