"""Whether a network will be exported, found before it is trained; how close the file must be, and what it then is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.api.facts import versions
from visionft.assemble import Job, images
from visionft.checkpoint import read_json, write_json
from visionft.data.records import Sample
from visionft.errors import RecipeError, UnknownName
from visionft.export import WRITERS
from visionft.export.gate import export_verified
from visionft.export.parity import Limits, Parity
from visionft.export.trial import try_export
from visionft.export.writers.base import GraphForm, Writer
from visionft.models.network import FinalNetwork, TaskNetwork
from visionft.predict.engine import exported_files
from visionft.recipe import Recipe
from visionft.report.data import ExportFacts
from visionft.seeds import derive_seed
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks.learner import Learner

KNOWN = frozenset({"timm/tf_efficientnet_lite0", "timm/resnet18", "timm/resnet50", "timm/convnext_tiny"})
"""Backbones that the tests export, with maps and with an embedding; the heads that ship are exported there as well."""

PROOF = ".parity.json"
"""What is behind a file's name in that of its proof."""

CALIBRATED = 256
"""Training images by which the ranges of small numbers are chosen."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An exported file that has passed its gate.

    Attributes:
        path: the file.
        parity: how it compares with the network.
    """

    path: Path
    parity: Parity

    def __repr__(self) -> str:
        return f"Artifact({self.path}: {self.parity})"


def known_to_export(network: TaskNetwork) -> bool:
    """Return whether a network need not be tried where that would take longer than all the rest."""
    backbone = network.backbone
    ours = type(network.head).__module__.startswith("visionft.")
    return ours and f"{backbone.family}/{backbone.name.partition('.')[0]}" in KNOWN


def require_exportable(recipe: Recipe, network: TaskNetwork, task: Learner, canvas: InputSpec) -> None:
    """Try the export that follows training, unless the recipe does not want that.

    Args:
        recipe: what was asked for.
        network: with any weights; left as it is.
        task: the network's.
        canvas: that of the finished model.

    Raises:
        ExportError: when it will fail.
    """
    if recipe.export.try_first:
        writer: Writer = WRITERS["onnx"]()
        try_export(writer, FinalNetwork(network, task), ModelSpec(recipe.task.kind, task.class_names, canvas))


def writer_of(runtime: str, form: GraphForm) -> Writer:
    """Return what writes the files of a runtime.

    Args:
        runtime: its name.
        form: of the graph.

    Raises:
        UnknownName: there is no such runtime.
        RecipeError: a form is asked of a runtime that has none.
    """
    kind = WRITERS[runtime]
    if form.title and not kind.takes_form:
        able = ", ".join(name for name in WRITERS if WRITERS[name].takes_form)
        raise RecipeError(f"{runtime}: its files have one form; opset, batch and floats are for {able}")
    writer: Writer = kind(form) if kind.takes_form else kind()
    return writer


def limits_of(job: Job, writer: Writer) -> Limits:
    """Return how far an exported file may be from the network: what the recipe says, else what the writer does.

    Raises:
        UnknownName: the recipe has limits for a runtime that there is not.
    """
    section, usual = job.recipe.export, writer.limits(job.task)
    for name in section.limits:
        if name not in WRITERS:
            raise UnknownName(WRITERS.what, name, WRITERS)
    own = section.limits.get(writer.kind, section)
    agreement, difference, change = (
        next(value for value in values if value is not None)
        for values in (
            (own.min_agreement, section.min_agreement, usual.min_agreement),
            (own.max_difference, section.max_difference, usual.max_difference),
            (own.max_score_change, section.max_score_change, usual.max_score_change),
        )
    )
    return Limits(agreement, difference, change)


def write_artifact(
    job: Job, spec: ModelSpec, writer: Writer, path: Path, tell: Callable[[int, int], None], *, allow_slower: bool
) -> Artifact:
    """Write an exported file that has passed its gate, and its proof beside it.

    Args:
        job: the live objects.
        spec: of the model.
        writer: of the runtime.
        path: where to.
        tell: is told how many validation images were gone through, of how many.
        allow_slower: as of ``export_verified``.

    Raises:
        ExportError: when the file would not give the network's answers; then there is no file.
    """
    parity = export_verified(
        writer,
        FinalNetwork(job.network, job.task),
        job.task,
        spec,
        path,
        RepeatedCanvases(job, job.dataset.split("val"), tell),
        limits_of(job, writer),
        calibration_canvases(job),
        allow_slower=allow_slower,
    )
    _write_proof(path, writer, parity)
    return Artifact(path, parity)


def _write_proof(path: Path, writer: Writer, parity: Parity) -> None:
    """Write beside an exported file what was measured, and with which versions."""
    proof = {"file": path.name, "runtime": writer.kind, **parity.to_dict(), "versions": versions()}
    write_json(path.with_name(f"{path.name}{PROOF}"), proof)


def exported_facts(run: Path) -> list[ExportFacts]:
    """Return what is known of the exported files in a run folder, those for onnxruntime in float32 first."""
    facts = []
    for path in exported_files(run):
        proof = path.with_name(f"{path.name}{PROOF}")
        if proof.is_file() and "score" in (parity := read_json(proof)):
            sizes = (file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())
            runtime = parity.get("runtime", path.suffix.removeprefix("."))  # older proofs do not say it
            facts.append(ExportFacts(path.name, runtime, sum(sizes) / 1e6, parity))
    return sorted(facts, key=lambda each: (each.runtime != "onnx", each.runtime))


class RepeatedCanvases:
    """Images of a run on their canvases, gone through as often as it takes.

    Args:
        job: whose images.
        samples: which of them.
        tell: is told how many images there were, of how many.
    """

    def __init__(self, job: Job, samples: Sequence[Sample], tell: Callable[[int, int], None] = lambda *_: None) -> None:
        self._job, self._samples, self._tell = job, samples, tell

    def __iter__(self) -> Iterator[tuple[NDArray[np.uint8], Any]]:
        """Yield images_BHW3 with what is true of them."""
        seen: set[str] = set()
        with images.loader(self._job.recipe, self._job.runtime, self._samples, self._job.input) as loader:
            self._tell(0, len(self._samples))
            for batch in loader.evaluation():
                yield batch.images_BHW3.numpy(), batch.targets.numpy()
                seen.update(batch.ids)
                self._tell(len(seen), len(self._samples))


def calibration_canvases(job: Job) -> Iterator[NDArray[np.uint8]]:
    """Yield canvases of training images, drawn by the seed, by which ranges of numbers are chosen."""
    samples = job.dataset.split("train") or job.dataset.split("val")
    drawn = sorted(samples, key=lambda sample: derive_seed(job.recipe.seed, "calibration", sample.id))
    for images_BHW3, _ in RepeatedCanvases(job, drawn[:CALIBRATED]):
        yield images_BHW3
