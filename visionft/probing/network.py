"""A network with its weights: its features, its size and how long it takes.

Shape suffixes: H height, W width, 3 colours.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import torch

from visionft.assemble import Runtime, images
from visionft.assemble.sizing import Sizing, input_spec
from visionft.data.records import Dataset
from visionft.errors import WeightsError
from visionft.models.backbones import Backbone
from visionft.probing.choices import BackboneChoice
from visionft.probing.features import Features, Normalise, compute, keep, kept, key_of
from visionft.probing.result import ProbeRow
from visionft.recipe import Recipe
from visionft.seeds import derive_seed
from visionft.spec import InputSpec
from visionft.tasks.probing import TaskProbe

OnProgress = Callable[[str, int, int], None]

_TIMED, _WARMING = 7, 2  # forward passes


@dataclass(frozen=True, slots=True)
class Probing:
    """What is the same for every network.

    Attributes:
        recipe: names how images are shown to networks.
        dataset: the images.
        probe: what is looked at.
        contents: a hash of each image.
        folder: where features are kept; None keeps none.
        on_progress: called with the network, and (images done, images in all).
    """

    recipe: Recipe
    dataset: Dataset
    probe: TaskProbe
    contents: Sequence[str]
    folder: Path | None
    on_progress: OnProgress

    def features_of(self, choice: BackboneChoice) -> tuple[ProbeRow, Features]:
        """Return what a network is, and its features of all images, computed or from an earlier probe.

        Raises:
            RecipeError: when there is no such network, or it cannot take the canvas.
            WeightsError: when its weights cannot be had, or give no finite features.
        """
        torch.manual_seed(derive_seed(self.recipe.seed, "weights"))  # of networks without any
        sizing = Sizing.of(self.recipe, self.dataset)
        backbone = Backbone(choice.name, choice.weights, image_size=sizing.size)
        spec = input_spec(self.recipe, backbone.input, sizing, self.dataset.reading)
        if spec.fit == "tile":  # whole images are probed
            spec = replace(spec, fit="pad")
        runtime = Runtime.choose(self.recipe, torch.get_num_threads())
        path = self._path(backbone, spec, runtime)
        runtime.prepare(backbone)
        began, features = time.perf_counter(), kept(path, self.contents)
        if features is None:
            features = self._compute(backbone, spec, runtime, str(choice))
            if path is not None:
                keep(path, features, self.contents)
            seconds = time.perf_counter() - began
        else:
            seconds = 0.0
        if not features.rows_MD.isfinite().all():
            raise WeightsError(f"{choice}: its features hold NaN or infinite numbers; give other weights")
        row = ProbeRow(
            str(choice),
            weights=backbone.weights.source,
            licence=backbone.weights.licence,
            parameters=sum(parameter.numel() for parameter in backbone.parameters()),
            canvas=(spec.height, spec.width),
            milliseconds=_milliseconds(backbone, spec, runtime),
            seconds=seconds,
        )
        return row, features

    def _path(self, backbone: Backbone, spec: InputSpec, runtime: Runtime) -> Path | None:
        if self.folder is None:
            return None
        key = key_of(backbone, spec, self.dataset, self.contents, self.probe, bf16=runtime.bf16)
        name = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in backbone.name)
        return self.folder / "features" / f"{name}-{key}.safetensors"

    def _compute(self, backbone: Backbone, spec: InputSpec, runtime: Runtime, name: str) -> Features:
        samples = self.dataset.samples

        def done(images_done: int) -> None:
            self.on_progress(name, images_done, len(samples))

        with images.loader(self.recipe, runtime, samples, spec, cache_bytes=0) as loader:
            return compute(backbone, spec, runtime, loader, self.dataset, self.probe, done)


@torch.no_grad()
def _milliseconds(backbone: Backbone, spec: InputSpec, runtime: Runtime) -> float:
    """Return the milliseconds of a forward pass of one image, as the median of a few."""
    backbone.eval()
    normalise = Normalise(spec, runtime.device)
    canvas_1HW3 = torch.zeros(1, spec.height, spec.width, 3, dtype=torch.uint8, device=runtime.device)
    seconds = []
    for _ in range(_WARMING + _TIMED):
        began = time.perf_counter()
        with runtime.autocast():
            backbone.embed(normalise(canvas_1HW3))
        if runtime.device.type == "cuda":
            torch.cuda.synchronize(runtime.device)
        seconds.append(time.perf_counter() - began)
    return 1000 * median(seconds[_WARMING:])


def timed_in_words(runtime: Runtime) -> str:
    """Return what the milliseconds are of."""
    numbers = "bf16" if runtime.bf16 else "fp32"
    cpu = runtime.device.type == "cpu"
    where = f"CPU, threads: {torch.get_num_threads()}" if cpu else str(runtime.device)
    return f"forward pass of one image in PyTorch, {numbers}, {where}; an exported file is quicker"
