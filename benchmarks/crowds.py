"""What do 1,000 detections of an image cost beside 100? Inference, training, memory, export, the file's own pass.

python -m benchmarks.crowds [--heads dense dense_masks] [--rows 100 300 1000] [--repeats 5] [--smoke]
python -m benchmarks.crowds --heads rt_detr faster_rcnn mask_rcnn --rows 100 1000

Random weights on made-up images, with two thirds as many objects as there are rows, as an automatic number leaves. Each
measurement of memory and of the export has a fresh process, whose peak is told less what it held before.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import measure
from visionft.annotations.object_mask import MASK_SIDE
from visionft.batch import Batch, InstanceTargets
from visionft.catalog import imported
from visionft.export.writers.onnx import OnnxWriter
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS
from visionft.models.network import FinalNetwork, TaskNetwork
from visionft.predict.engine import open_engine
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks import TASKS

BACKBONE, BATCH = "resnet18", 4
HEADS_OF_OURS = ["dense", "dense_masks"]


class Crowd:
    """A network with so many rows, and a batch with two thirds as many objects in each image."""

    def __init__(self, head: str, rows: int, side: int) -> None:
        torch.manual_seed(0)
        (kind,) = (kind for kind in TASKS if TASKS[kind].predicts == HEADS[head].predicts)
        self.task = imported(TASKS[kind].learner)(("cell",), head=head, max_detections=rows)
        spec = InputSpec(side, side)
        backbone = Backbone(BACKBONE, "none", image_size=(side, side))
        self.network = TaskNetwork(backbone, self.task.build_head(backbone), spec).to(measure.DEVICE)
        self.spec = ModelSpec(kind, ("cell",), spec, max_detections=rows)
        self.images_BHW3 = torch.randint(0, 256, (BATCH, side, side, 3), dtype=torch.uint8).to(measure.DEVICE)
        low_BN2 = torch.rand(BATCH, rows * 2 // 3, 2) * (side - 12)
        boxes_BN5 = torch.cat([low_BN2, low_BN2 + 12, torch.zeros(*low_BN2.shape[:2], 1)], dim=2)
        targets: Tensor | InstanceTargets = boxes_BN5
        if kind != "detection":
            targets = InstanceTargets(
                boxes_BN5, torch.ones(*boxes_BN5.shape[:2], MASK_SIDE, MASK_SIDE, dtype=torch.uint8)
            )
        self.batch = Batch(self.images_BHW3, targets, ("",) * BATCH).to(measure.DEVICE)

    @torch.inference_mode()
    def infer(self) -> object:
        """Go from canvases to detections."""
        return self.network.eval().postprocess(self.network(self.images_BHW3))

    def step(self) -> object:
        """Learn from the batch, without a change of the weights."""
        self.network.train().zero_grad()
        return self.network(self.batch).total.backward()

    def export(self, folder: Path) -> dict[str, float]:
        """Return seconds of writing the file, and of its pass over the batch."""
        path, canvases = folder / "model.onnx", self.images_BHW3.cpu().numpy()
        started = time.perf_counter()
        OnnxWriter().write(FinalNetwork(self.network.eval(), self.task), self.spec, path)
        written, engine = time.perf_counter() - started, open_engine(path)
        engine.run(canvases)
        started = time.perf_counter()
        engine.run(canvases)
        return {"export_s": written, "onnxruntime_s_per_batch": time.perf_counter() - started}


def peak() -> float:
    """Return the most memory that this process has held, in MB."""
    if measure.DEVICE.type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    status = Path("/proc/self/status").read_text()  # what getrusage says begins with the parent's
    return float(status.split("VmHWM:")[1].split()[0]) / 1e3


def measure_alone(head: str, rows: int, side: int, what: str) -> dict[str, float]:
    """Return what one fresh process is for."""
    crowd = Crowd(head, rows, side)
    if what == "export":
        with tempfile.TemporaryDirectory() as folder:
            return crowd.export(Path(folder))
    Path("/proc/self/clear_refs").write_text("5")  # begin the peak anew
    before = peak()
    crowd.infer() if what == "infer" else crowd.step()
    return {f"{what}_mb": peak() - before}


def alone(head: str, rows: int, side: int) -> dict[str, float]:
    """Return what fresh processes measure."""
    found: dict[str, float] = {}
    for what in ("infer", "step", "export"):
        command = [sys.executable, "-m", "benchmarks.crowds", "--alone", head, str(rows), str(side), what]
        done = subprocess.run(command, cwd=measure.ROOT, capture_output=True, text=True, check=True)
        found |= json.loads(done.stdout.splitlines()[-1])
    return found


def measure_head(head: str, numbers: list[int], side: int, repeats: int) -> dict[str, Any]:
    crowds = {str(rows): Crowd(head, rows, side) for rows in numbers}
    found: dict[str, Any] = {}
    for name in ("infer", "step"):
        actions: dict[str, Callable[[], object]] = {
            rows: partial(getattr(crowd, name)) for rows, crowd in crowds.items()
        }
        seconds = measure.interleave(actions, repeats=repeats)
        found[name] = measure.compare(f"{head}: {name}, by rows", seconds, BATCH, str(numbers[0]))
    found["alone"] = {str(rows): alone(head, rows, side) for rows in numbers}
    measure.show(f"{head}: fresh processes", [{"rows": rows, **row} for rows, row in found["alone"].items()])
    return found


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--heads", nargs="+", default=HEADS_OF_OURS, help="others have a result of their own")
    parser.add_argument("--rows", nargs="+", type=int, default=[100, 300, 1000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--alone", nargs=4, help="what a fresh process measures: head, rows, side, infer|step|export")
    args = parser.parse_args()
    if args.alone:
        head, rows, side, what = args.alone
        print(json.dumps(measure_alone(head, int(rows), int(side), what)))
        return
    side = 256 if args.smoke else 512
    results = {head: measure_head(head, args.rows, side, 1 if args.smoke else args.repeats) for head in args.heads}
    settings = {"backbone": BACKBONE, "batch_size": BATCH, "size": side, "repeats": args.repeats, "weights": "random"}
    name = "crowds" if args.heads == HEADS_OF_OURS else "_".join(["crowds", *args.heads])
    measure.record(name, results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
