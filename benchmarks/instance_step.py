"""What do masks cost on the head `dense`, and beside torchvision's Mask R-CNN? A step, and inference.

python -m benchmarks.instance_step [--backbone tf_efficientnet_lite0] [--repeats 3] [--smoke]

BCCD's blood cells with the ellipse in each box for an outline: nothing is said here about quality. The same backbone,
images, batches and number formats; random weights, everything trains. Mask R-CNN is torchvision's own class in a plain
loop; `mask_rcnn` are the same layers as a head of ours. Inference is from uint8 canvases to final boxes and masks, in
fp32, with scores of untrained networks, of which torchvision's then has few to make masks for.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models.detection import MaskRCNN
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from benchmarks import measure
from benchmarks.plain_detector import PlainDetector, Pyramid
from benchmarks.segmentation_step import our_step
from visionft.assemble import Job, assemble, load_data
from visionft.batch import Batch, InstanceTargets
from visionft.data.targets.boxes import Boxes
from visionft.recipe import load_recipe

PLAIN = "torchvision Mask R-CNN, plain loop"
STAGE = "{name: all, unfreeze: all, norm: all, steps: 1000, augment: none, head_lr: 1e-4, backbone_lr: 1e-4}"
BATCH = 4


def write_ellipses(folder: Path) -> None:
    """Write BCCD as COCO instances whose outlines are the ellipses in the boxes."""
    dataset = load_data(load_recipe("blood_cells", [f"data.path={measure.data_folder() / 'bccd-voc'}"]))
    turn_P = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    for split in ("train", "val"):
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number, sample in enumerate(dataset.split(split)):
            (width, height), boxes = sample.size, Boxes.of(sample)
            images.append({"id": number, "file_name": str(sample.image), "width": width, "height": height})
            for label, (left, top, right, bottom) in zip(boxes.labels, boxes.xyxy, strict=True):
                x_P = (left + right) / 2 + (right - left) / 2 * np.cos(turn_P)
                y_P = (top + bottom) / 2 + (bottom - top) / 2 * np.sin(turn_P)
                outline = np.stack([x_P, y_P], axis=1).ravel().round(2).tolist()
                row = {"id": len(annotations), "image_id": number, "category_id": label, "segmentation": [outline]}
                annotations.append(row | {"bbox": [left, top, right - left, bottom - top], "iscrowd": 0})
        categories = [{"id": label, "name": name} for label, name in enumerate(dataset.class_names)]
        data = {"images": images, "annotations": annotations, "categories": categories}
        (folder / split).mkdir()
        (folder / split / "_annotations.coco.json").write_text(json.dumps(data))


def build(data: Path, backbone: str, task: str, head: str, smoke: bool) -> Job:
    settings = [
        f"data.path={data}",
        f"data.images={measure.data_folder() / 'bccd-voc' / 'JPEGImages'}",
        f"task={{kind: {task}, head: {head}, dropout: 0.0}}",
        f"backbone={{name: {backbone}, weights: none}}",
        f"optim.batch_size={BATCH}",
        "optim.ema=null",
        f"input.size={'[96, 128]' if smoke else '[320, 416]'}",
        f"stages=[{STAGE}]",
    ]
    recipe = load_recipe(task, settings)
    return assemble(recipe, load_data(recipe))


class PlainMaskRcnn(PlainDetector):
    """Mask R-CNN as torchvision gives it."""

    def __init__(self, job: Job) -> None:
        pyramid = Pyramid(job.network.backbone, (4, 8, 16, 32), LastLevelMaxPool())
        super().__init__(job, MaskRCNN, pyramid, len(job.dataset.class_names) + 1)

    def truth(self, targets: InstanceTargets, size: tuple[int, int]) -> list[dict[str, Tensor]]:
        """Return boxes, classes and masks of the whole image."""
        truth = []
        for boxes_N5, cells_NSS in zip(*targets, strict=True):
            known_N = boxes_N5[:, 4] >= 0
            boxes_N4 = boxes_N5[known_N, :4]
            masks_NHW = torch.zeros(len(boxes_N4), *size, dtype=torch.uint8)
            for mask_HW, cells_SS, box in zip(masks_NHW, cells_NSS[known_N], boxes_N4.round().int(), strict=True):
                left, top, right, bottom = box.tolist()
                shape = (max(1, bottom - top), max(1, right - left))
                part = F.interpolate(cells_SS[None, None].float(), size=shape)[0, 0] > 0
                mask_HW[top : top + shape[0], left : left + shape[1]] = part[: len(mask_HW) - top]
            labels = boxes_N5[known_N, 4].long() + 1
            truth.append({"boxes": boxes_N4, "labels": labels, "masks": masks_NHW})
        return truth


@torch.inference_mode()
def detections(job: Job, images_BHW3: Tensor) -> Tensor:
    job.network.eval()
    results: Tensor = job.network.postprocess(job.network(images_BHW3))
    return results


def measure_backbone(data: Path, backbone: str, repeats: int, smoke: bool) -> dict[str, Any]:
    jobs = {
        "visionft, dense (boxes only)": build(data, backbone, "detection", "dense", smoke),
        "visionft, dense_masks": build(data, backbone, "instance_segmentation", "dense_masks", smoke),
        "visionft, mask_rcnn": build(data, backbone, "instance_segmentation", "mask_rcnn", smoke),
    }
    plain = PlainMaskRcnn(build(data, backbone, "instance_segmentation", "dense_masks", smoke))
    batches: dict[str, Batch] = {}
    for name, job in jobs.items():
        with job.train_loader(job.plans[0].stage) as loader:
            batches[name] = next(iter(loader.training(0)))
    batch = batches["visionft, dense_masks"]

    def step(name: str) -> Callable[[], object]:
        take = our_step(jobs[name], batches[name])

        def ours() -> object:
            jobs[name].network.train()
            return take()

        return ours

    steps: dict[str, Callable[[], object]] = {
        PLAIN: lambda: plain.step(batch.images_BHW3, batch.targets),
        **{name: step(name) for name in jobs},
    }
    seconds = measure.interleave(steps, repeats=repeats, warmup=1)
    trained = measure.compare(f"{backbone}: step", seconds, len(batch), PLAIN)

    def infer(job: Job) -> Callable[[], object]:
        return lambda: detections(job, batch.images_BHW3)

    passes: dict[str, Callable[[], object]] = {
        PLAIN: lambda: plain.detect(batch.images_BHW3),
        **{name: infer(job) for name, job in jobs.items()},
    }
    seconds = measure.interleave(passes, repeats=repeats, warmup=1)
    return {"step": trained, "inference": measure.compare(f"{backbone}: inference", seconds, len(batch), PLAIN)}


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--backbone", default="tf_efficientnet_lite0")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    torch.manual_seed(0)
    repeats = 1 if args.smoke else args.repeats
    with tempfile.TemporaryDirectory() as folder:
        write_ellipses(Path(folder))
        results = {args.backbone: measure_backbone(Path(folder), args.backbone, repeats, args.smoke)}
    settings = {"batch_size": BATCH, "size": [320, 416], "repeats": repeats, "weights": "random"}
    measure.record("instance_step", results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
