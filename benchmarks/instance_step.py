"""What do masks cost on the head `dense`, and beside torchvision's Mask R-CNN? A step, and inference.

python -m benchmarks.instance_step [--backbone tf_efficientnet_lite0] [--repeats 3] [--smoke]

BCCD's blood cells with the ellipse in each box for an outline: nothing is said here about quality. The same backbone,
images, batches and number formats; random weights, everything trains. Mask R-CNN is torchvision's own class in a plain
loop; `mask_rcnn` are the same layers as a head of ours. Inference is from uint8 canvases to final boxes and masks, in
fp32, with scores of untrained networks, of which torchvision's then has few to make masks for.
"""

import json
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from benchmarks import measure
from benchmarks.segmentation_step import our_step
from visionft.assemble import Job, assemble, load_data
from visionft.backbones import Backbone
from visionft.batch import Batch, InstanceTargets
from visionft.recipe import load_recipe

PLAIN = "torchvision Mask R-CNN, plain loop"
STAGE = "{name: all, unfreeze: all, norm: all, steps: 1000, augment: none, head_lr: 1e-4, backbone_lr: 1e-4}"
BATCH = 4


def write_ellipses(folder: Path) -> None:
    """Write BCCD as COCO instances whose outlines are the ellipses in the boxes."""
    dataset = load_data(load_recipe("blood_cells", [f"data.path={measure.data_folder() / 'bccd-voc'}"]))
    turn_P = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    for split in ("train", "val"):
        images, annotations = [], []
        for number, sample in enumerate(dataset.split(split)):
            width, height = sample.size
            images.append({"id": number, "file_name": str(sample.path), "width": width, "height": height})
            for label, (left, top, right, bottom) in zip(sample.boxes.labels, sample.boxes.xyxy, strict=True):
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


class _Pyramid(nn.Module):
    """The maps of strides 4 to 32 and a deeper one, as torchvision's Mask R-CNN has them."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self._places = [backbone.strides.index(stride) for stride in (4, 8, 16, 32)]
        self.out_channels = 256
        self.pyramid = FeaturePyramidNetwork([backbone.channels[i] for i in self._places], 256, LastLevelMaxPool())

    def forward(self, images_BCHW: Tensor) -> dict[str, Tensor]:
        maps = self.backbone(images_BCHW)
        names = ("0", "1", "2", "3")
        levels: dict[str, Tensor] = self.pyramid(
            OrderedDict((name, maps[place]) for name, place in zip(names, self._places, strict=True))
        )
        return levels


class PlainMaskRcnn:
    """Mask R-CNN as torchvision gives it, AdamW, the job's number formats; the backbone is the job's."""

    def __init__(self, job: Job) -> None:
        spec = job.input
        self._job = job
        self.net = MaskRCNN(
            _Pyramid(job.network.backbone),
            len(job.dataset.class_names) + 1,
            min_size=min(spec.height, spec.width),
            max_size=max(spec.height, spec.width),
            image_mean=list(spec.mean),
            image_std=list(spec.std),
        ).to(memory_format=torch.channels_last)
        self._optimizer = torch.optim.AdamW(self.net.parameters(), lr=1e-4)

    def step(self, images_BHW3: Tensor, targets: InstanceTargets) -> float:
        """Take an optimizer step and return the loss."""
        self.net.train()
        truth = []
        for boxes_N5, cells_NSS in zip(*targets, strict=True):
            known_N = boxes_N5[:, 4] >= 0
            boxes_N4 = boxes_N5[known_N, :4]
            masks_NHW = torch.zeros(len(boxes_N4), *images_BHW3.shape[1:3], dtype=torch.uint8)
            for mask_HW, cells_SS, box in zip(masks_NHW, cells_NSS[known_N], boxes_N4.round().int(), strict=True):
                left, top, right, bottom = box.tolist()
                size = (max(1, bottom - top), max(1, right - left))
                part = F.interpolate(cells_SS[None, None].float(), size=size)[0, 0] > 0
                mask_HW[top : top + size[0], left : left + size[1]] = part[: len(mask_HW) - top]
            labels = boxes_N5[known_N, 4].long() + 1
            truth.append({"boxes": boxes_N4, "labels": labels, "masks": masks_NHW})
        with self._job.runtime.autocast():
            losses = self.net(self._images(images_BHW3), truth)
        loss = torch.stack(list(losses.values())).sum()
        loss.backward()
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

    @torch.inference_mode()
    def detect(self, images_BHW3: Tensor) -> list[dict[str, Tensor]]:
        """Return final detections with masks, in fp32."""
        self.net.eval()
        found: list[dict[str, Tensor]] = self.net(self._images(images_BHW3))
        return found

    @staticmethod
    def _images(images_BHW3: Tensor) -> list[Tensor]:
        return list(images_BHW3.permute(0, 3, 1, 2).float() / 255)


@torch.inference_mode()
def detections(job: Job, images_BHW3: Tensor) -> Tensor:
    job.network.eval()
    results: Tensor = job.task.finalize(job.network(images_BHW3))
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
        PLAIN: lambda: plain.step(batch.images_BHW3, batch.targets),  # type: ignore[arg-type]  # InstanceTargets
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
