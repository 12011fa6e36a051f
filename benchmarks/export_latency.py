"""How fast is the exported file? onnxruntime against torch on the same canvases, one image and sixteen.

python -m benchmarks.export_latency [--backbone tf_efficientnet_lite0] [--repeats 15] [--smoke]
"""

import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import measure
from visionft.assemble import Job, assemble, load_data
from visionft.export import WRITERS
from visionft.export.gate import export_verified
from visionft.models.network import FinalNetwork
from visionft.predict import Predictor
from visionft.recipe import load_recipe
from visionft.spec import ModelSpec

BATCHES = {1: 10, 16: 2}  # batch size -> calls in one sample, so that no sample is too short to time
REST = 0.1  # onnxruntime's threads spin on for a while after a run


def canvases(job: Job, number: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    with job.eval_loader("val", job.input) as loader:
        batches = list(loader.evaluation())
    images_NHW3, labels_N = (
        np.concatenate(parts)[:number]
        for parts in zip(*((batch.images_BHW3.numpy(), batch.targets.numpy()) for batch in batches), strict=True)
    )
    return images_NHW3, labels_N


def torch_runner(job: Job, layout: torch.memory_format, *, bf16: bool) -> Callable[[NDArray[np.uint8]], object]:
    network = FinalNetwork(deepcopy(job.network), job.task).eval().to(memory_format=layout)

    @torch.inference_mode()
    def run(images_BHW3: NDArray[np.uint8]) -> torch.Tensor:
        with torch.autocast(measure.DEVICE.type, dtype=torch.bfloat16, enabled=bf16):
            (results,) = network(torch.from_numpy(images_BHW3).to(measure.DEVICE))
            found: torch.Tensor = results.cpu()
            return found

    return run


def export(job: Job, path: Path, images_NHW3: NDArray[np.uint8], labels_N: NDArray[np.int64]) -> dict[str, Any]:
    """Export through the gate; say how long it took and how large the file is."""
    spec = ModelSpec(job.task.kind, job.dataset.class_names, job.input)
    started = time.perf_counter()
    network = FinalNetwork(job.network, job.task)
    parity = export_verified(WRITERS["onnx"](), network, job.task, spec, path, [(images_NHW3, labels_N)])
    return {"seconds": time.perf_counter() - started, "bytes": path.stat().st_size, "parity": parity.to_dict()}


def repeated(run: Callable[[NDArray[np.uint8]], object], images_BHW3: NDArray[np.uint8]) -> Callable[[], None]:
    def action() -> None:
        for _ in range(BATCHES[len(images_BHW3)]):
            run(images_BHW3)

    return action


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--backbone", default="tf_efficientnet_lite0")
    parser.add_argument("--weights", default="package", help="as in a recipe: package, none, a file")
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    repeats = 1 if args.smoke else args.repeats
    recipe = load_recipe("solar_cells", [f"backbone.name={args.backbone}", f"backbone.weights={args.weights}"])
    job = assemble(recipe, load_data(recipe))
    torch.nn.init.normal_(
        job.network.get_parameter("head.linear.weight"), std=0.01
    )  # a zero head would agree with anything
    images_NHW3, labels_N = canvases(job, 64)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        exported = export(job, path, images_NHW3, labels_N)
        runners = {
            "onnxruntime": Predictor(path).predict_canvases,
            "torch fp32 contiguous": torch_runner(job, torch.contiguous_format, bf16=False),
            "torch fp32 channels_last": torch_runner(job, torch.channels_last, bf16=False),
            "torch bf16 channels_last": torch_runner(job, torch.channels_last, bf16=True),
        }
        latency = {}
        for size, calls in BATCHES.items():
            actions = {name: repeated(run, images_NHW3[:size]) for name, run in runners.items()}
            seconds = measure.interleave(actions, repeats=repeats, warmup=2, pause=REST)
            latency[str(size)] = measure.compare(f"batch of {size}", seconds, size * calls, "onnxruntime")
    print(f"\nexported in {exported['seconds']:.1f} s, {exported['bytes'] / 1e6:.1f} MB")
    settings = {"backbone": args.backbone, "weights": args.weights, "repeats": repeats, "size": recipe.input.size}
    results = {"export": exported, "batches": latency}
    measure.record("export_latency", results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
