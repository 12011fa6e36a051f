"""What runs the frozen layers of a stage: torch, or another engine where that is asked for or pays.

All give the same up to rounding, so a stage keeps to one of them: what was chosen is written down, and a run that goes
on takes it from there.

Shape suffixes: B batch, C channels, H height, W width, 3 colour channels (RGB).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor

from visionft.assemble import Job
from visionft.errors import CheckpointError, ExportError
from visionft.loading.canvases import Canvases
from visionft.models.backbones.cut import Cut
from visionft.models.backbones.placeholder import CannotCut
from visionft.stages import Stage
from visionft.training.events import Notice
from visionft.training.exported_prefix import ExportedPrefix, PrefixGraph, require_same
from visionft.training.prefix_engines import PrefixEngine, installed
from visionft.training.session import Session

FrozenEngine = Literal["eager"] | PrefixEngine
Features = Callable[[Tensor], Tensor]
"""images_BHW3 -> features_BD."""

_RECORD = "frozen"  # in run.json
_TRIED = 32  # images that are measured and compared
_LEAST_GAIN = 0.1  # of the time that an image takes
# What an export takes beside the frozen layers' own time, and what is gained of that at least: together they say from
# how many images on it is worth being tried; benchmarks/results/frozen_prefix.json
_EXPORT, _EXPORT_OF_OPERATION, _EXPECTED_GAIN = 2.0, 0.03, 0.5


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What runs the frozen layers of a stage, and why.

    Attributes:
        engine: eager is torch.
        why: ``asked for``, ``measured``, ``few images``, ``trains on cuda``, ``as in stage NAME``, or why it cannot be
            run otherwise.
        seconds: that an image takes either way, where that was measured.
    """

    engine: FrozenEngine
    why: str
    seconds: dict[FrozenEngine, float] | None = None


@dataclass(frozen=True, slots=True)
class Prefix:
    """What runs the frozen layers of a stage.

    Attributes:
        stage: its name.
        computes: identifies what they compute.
        choice: what was chosen for it.
        exported: what runs them; None is torch.
    """

    stage: str
    computes: str
    choice: EngineChoice
    exported: ExportedPrefix | None


def exported_features(session: Session, stage: Stage, images: int) -> Features | None:
    """Return what computes features in torch's place, or None where torch does; write it down.

    Args:
        session: the run, whose network has entered the stage and is frozen but for the head.
        stage: one of the recipe's.
        images: how many there are.

    Raises:
        CheckpointError: as of ``exported_prefix``.
    """
    network, cuts = session.job.network, list[Cut]()

    def cut() -> Cut:
        spec = session.job.stage_input(stage)
        noise_BHWC = torch.randn(2, spec.height, spec.width, 3, generator=torch.Generator().manual_seed(0))
        network.eval()
        try:
            cuts.append(
                Cut(network.backbone, partial(network.head.features, network.backbone), noise_BHWC.permute(0, 3, 1, 2))
            )
        finally:
            network.train()
        return cuts[0]

    made = exported_prefix(session, stage, cut, images)
    if made is None:
        return None
    return lambda images_BHW3: cast("Tensor", cuts[0].suffix(made(images_BHW3)))


def exported_prefix(
    session: Session, stage: Stage, cut: Callable[[], Cut], images: int, computes: str | None = None
) -> ExportedPrefix | None:
    """Return what runs the frozen layers in torch's place, or None where torch does; write it down.

    Args:
        session: the run, whose network has entered the stage; it is told what was chosen.
        stage: one of the recipe's.
        cut: makes what says where the frozen layers end, and is called at most once.
        images: how many the frozen layers will see.
        computes: identifies what they compute: what ran the same layers in a stage before does so again.

    Raises:
        CheckpointError: when the stage began with another engine, and that does not run them any more.
    """
    job, records = session.job, session.info.get(_RECORD, {})
    before = records.get(stage.name)
    begun = session.progress.stage_step > 0 and not before  # by a version that knew torch alone
    asked = before["engine"] if before else job.recipe.runtime.frozen
    known = session.prefixes.get(computes or "")
    if known and not before:
        same = known.stage == stage.name  # which was tried when the run was planned
        choice = known.choice if same else replace(known.choice, why=f"as in stage {known.stage}")
        made = known.exported
    elif begun or asked == "eager":
        choice, made = EngineChoice("eager", "asked for"), None
    elif job.runtime.device.type != "cpu":
        choice, made = EngineChoice("eager", f"trains on {job.runtime.device.type}"), None
    else:
        choice, made = try_engines(job, stage, cut, asked, images)
    if computes:
        session.prefixes = {computes: Prefix(stage.name, computes, choice, made), **session.prefixes}
    if not before:
        session.record(**{_RECORD: records | {stage.name: asdict(choice)}})
        if job.recipe.runtime.frozen != "eager":
            session.tell(Notice(f"stage {stage.name}: {_in_words(choice)}"))
    elif choice.engine != before["engine"]:
        raise CheckpointError(
            f"{session.path}: stage {stage.name} began with frozen layers that {before['engine']} ran, which now "
            f"cannot be ({choice.why}); a run ends as it began: go on where it began, or start a new run"
        )
    return made


def try_engines(
    job: Job, stage: Stage, cut: Callable[[], Cut], asked: PrefixEngine | Literal["auto"], images: int
) -> tuple[EngineChoice, ExportedPrefix | None]:
    """Choose what runs the frozen layers of a stage on a CPU, and return what runs them in torch's place.

    Args:
        job: the live objects; the network has entered the stage.
        stage: one of the recipe's.
        cut: makes what says where the frozen layers end.
        asked: what runs them; auto for the fastest.
        images: how many they will see.
    """
    try:
        return _tried(job, stage, cut(), asked, images)
    except (CannotCut, ExportError) as error:
        return EngineChoice("eager", str(error)), None


def _tried(
    job: Job, stage: Stage, cut: Cut, asked: PrefixEngine | Literal["auto"], images: int
) -> tuple[EngineChoice, ExportedPrefix | None]:
    """Export, compare and measure, as far as that is worth it.

    Args:
        job: the live objects.
        stage: one of the recipe's.
        cut: where the frozen layers end.
        asked: what runs them; auto for the fastest.
        images: how many there are.

    Raises:
        ExportError: no other engine runs them as torch does.
    """
    images_BHW3 = _examples(job, stage)
    images_BCHW = job.network.normalised(images_BHW3)

    @torch.no_grad()
    def eager() -> tuple[Tensor, ...]:
        with job.runtime.autocast():
            return cut.prefix(images_BCHW)

    def seconds_of(action: Callable[[], object]) -> float:
        return _seconds(action) / len(images_BHW3)

    seconds: dict[FrozenEngine, float] = {}
    if asked == "auto":
        seconds["eager"] = seconds_of(eager)
        cost = _EXPORT + _EXPORT_OF_OPERATION * cut.operations
        if images * seconds["eager"] * _EXPECTED_GAIN < cost:
            return EngineChoice("eager", "few images", seconds), None
    graph = PrefixGraph(job.network, cut, images_BHW3)
    with torch.no_grad():
        expected = cut.prefix(images_BCHW)
    made, reasons = _those_that_agree(graph, expected, images_BHW3, installed() if asked == "auto" else (asked,))
    if not made:
        raise ExportError("; ".join(reasons))
    if asked != "auto":
        return EngineChoice(asked, "asked for"), made[asked]
    seconds["eager"] = min(seconds["eager"], seconds_of(eager))
    seconds |= {name: seconds_of(partial(prefix, images_BHW3)) for name, prefix in made.items()}
    fastest = min(made, key=lambda name: seconds[name])
    if seconds[fastest] > (1 - _LEAST_GAIN) * seconds["eager"]:
        return EngineChoice("eager", "measured", seconds), None
    return EngineChoice(fastest, "measured", seconds), made[fastest]


def _those_that_agree(
    graph: PrefixGraph, expected: tuple[Tensor, ...], images_BHW3: Tensor, engines: Sequence[PrefixEngine]
) -> tuple[dict[PrefixEngine, ExportedPrefix], list[str]]:
    """Return the engines that compute what torch does, and why the others do not."""
    made: dict[PrefixEngine, ExportedPrefix] = {}
    reasons = []
    for engine in engines:
        try:
            prefix = ExportedPrefix(graph, engine, torch.get_num_threads())
            require_same(expected, prefix(images_BHW3))
            made[engine] = prefix
        except ExportError as error:
            reasons.append(f"{engine}: {error}")
    return made, reasons


def _examples(job: Job, stage: Stage) -> Tensor:
    """Return some training images on the stage's canvas, from everywhere among them."""
    samples = job.dataset.split("train")
    chosen = [samples[number] for number in np.linspace(0, len(samples) - 1, min(_TRIED, len(samples))).astype(int)]
    spec = job.stage_input(stage)
    canvases = Canvases(chosen, spec, seed=0, augment=None, training=True, cache_bytes=0)
    return torch.from_numpy(np.stack([canvases[0, number].image_HW3 for number in range(len(chosen))]))


def _seconds(action: Callable[[], object]) -> float:
    """Return the shorter of two runs' times, since the first may load what all others need."""
    times = []
    for _ in range(2):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return min(times)


def _in_words(choice: EngineChoice) -> str:
    by = "torch" if choice.engine == "eager" else choice.engine
    rates = [f"{name} {1 / seconds:,.0f} images/s" for name, seconds in (choice.seconds or {}).items()]
    return f"the frozen layers are run by {by}: {', '.join([choice.why, *rates])}"
