"""How fast is the dense head beside torchvision's FCOS? A training step, and inference with its post-processing.

python -m benchmarks.detection_step [--backbones tf_efficientnet_lite0 resnet18] [--repeats 5] [--smoke]

The same backbone, images, batches, number formats and convolution kernels; random weights, everything trains. FCOS is
torchvision's own class in a plain loop. Inference is from uint8 canvases to final boxes, in fp32, with scores of
untrained networks: FCOS then has nothing to suppress, which is in its favour.
"""

from collections.abc import Callable
from typing import Any

import torch

from benchmarks import measure
from benchmarks.plain_detector import PlainFcos
from benchmarks.segmentation_step import our_step
from visionft.assemble import Job, assemble, load_data
from visionft.recipe import load_recipe

PLAIN = "torchvision FCOS, plain loop"
STAGE = "{name: all, unfreeze: all, norm: all, steps: 1000, augment: none, head_lr: 1e-4, backbone_lr: 1e-4}"
BATCH = 8


def build(backbone: str, smoke: bool) -> Job:
    settings = [
        f"data.path={measure.data_folder() / 'bccd-voc'}",
        f"backbone.name={backbone}",
        "backbone.weights=none",
        f"optim.batch_size={BATCH}",
        "optim.ema=null",
        f"input.size={'[96, 128]' if smoke else '[320, 416]'}",
        f"stages=[{STAGE}]",
    ]
    recipe = load_recipe("blood_cells", settings)
    return assemble(recipe, load_data(recipe))


@torch.inference_mode()
def detections(job: Job, images_BHW3: torch.Tensor) -> torch.Tensor:
    job.network.eval()
    return job.network.postprocess(job.network(images_BHW3))


def measure_backbone(backbone: str, repeats: int, smoke: bool) -> dict[str, Any]:
    job, other = build(backbone, smoke), build(backbone, smoke)
    with job.train_loader(job.plans[0].stage) as loader:
        batch = next(iter(loader.training(0)))
    plain = PlainFcos(other)
    take = our_step(job, batch)

    def ours() -> object:
        job.network.train()
        return take()

    steps: dict[str, Callable[[], object]] = {
        PLAIN: lambda: plain.step(batch.images_BHW3, batch.targets),
        "visionft, dense": ours,
    }
    seconds = measure.interleave(steps, repeats=repeats, warmup=2)
    trained = measure.compare(f"{backbone}: step", seconds, len(batch), PLAIN)
    passes: dict[str, Callable[[], object]] = {
        PLAIN: lambda: plain.detect(batch.images_BHW3),
        "visionft, dense": lambda: detections(job, batch.images_BHW3),
    }
    seconds = measure.interleave(passes, repeats=repeats, warmup=2)
    return {"step": trained, "inference": measure.compare(f"{backbone}: inference", seconds, len(batch), PLAIN)}


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--backbones", nargs="+", default=["tf_efficientnet_lite0", "resnet18"])
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    torch.manual_seed(0)
    repeats = 1 if args.smoke else args.repeats
    results = {name: measure_backbone(name, repeats, args.smoke) for name in args.backbones}
    settings = {"batch_size": BATCH, "size": [320, 416], "repeats": repeats, "weights": "random"}
    measure.record("detection_step", results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
