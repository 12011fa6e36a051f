"""A network with its weights: its features, its size and how long it takes.

Shape suffixes: H height, W width, 3 colours.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from visionft.assemble import Runtime, images
from visionft.assemble.sizing import Sizing, input_spec
from visionft.cores import usable_cores
from visionft.data.records import Dataset
from visionft.errors import WeightsError
from visionft.models.backbones import Backbone
from visionft.probing.choices import BackboneChoice
from visionft.probing.features import Features, compute, keep, kept, key_of
from visionft.probing.latency import latency
from visionft.probing.result import ProbeRow
from visionft.recipe import Recipe
from visionft.seeds import derive_seed
from visionft.spec import InputSpec
from visionft.tasks.probing import PatchProbe, TaskProbe

OnProgress = Callable[[str, int, int], None]


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
            milliseconds=latency(backbone, spec, maps=isinstance(self.probe, PatchProbe)),
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


def timed_in_words() -> str:
    """Return what the milliseconds are of."""
    return f"one image through the network's exported file, by onnxruntime on the CPU, threads: {usable_cores()}"
