"""From live objects to a finished run."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from visionft.api.building import showing, tell, working
from visionft.api.caller_state import caller_state
from visionft.api.exporting import require_exportable
from visionft.api.facts import environment, fingerprint
from visionft.api.model_spec import describe_model
from visionft.api.planning import planned
from visionft.api.run import Run
from visionft.api.tracking import open_trackers
from visionft.assemble import Job
from visionft.assemble.built import digests
from visionft.autotune.budget import TooLittleTime
from visionft.autotune.choice import decide
from visionft.autotune.estimate import outline
from visionft.autotune.threads import decide_threads
from visionft.checkpoint import RunFolder
from visionft.checkpoint.lock import training_lock
from visionft.errors import CheckpointError, RecipeError
from visionft.loading.loader import Loader
from visionft.loading.main_guard import stop_second_run
from visionft.models.backbones.sizes import reason
from visionft.models.backbones.terms import terms_of
from visionft.models.own import MISTAKES
from visionft.stopwatch import measuring
from visionft.tracking.guard import GuardedTracker
from visionft.training import Callback, Sink
from visionft.training import fit as run_stages
from visionft.training.callbacks import require_callable
from visionft.training.deadline import Deadline
from visionft.training.events import JsonLines, RunPlanned
from visionft.training.profile import stopwatch_for
from visionft.training.tracking import TrackerSink

_CHANGED = "changed by the program before training"


@caller_state()
def fit(
    job: Job,
    *,
    out: str | Path | None = None,
    sinks: Sequence[Sink] = (),
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
    keep_checkpoints: bool = False,
    profile: bool = False,
) -> Run:
    """Run every stage of a job in a run folder of its own.

        job = vft.build("photos/")
        job.network.head.load_state_dict(mine)
        run = vft.fit(job, callbacks=[stop_when_good])

    The job stays as it is: a copy of its network is trained, from the weights that it has now. What follows from the
    recipe, layers included, is not to be changed. An interrupted run goes on by ``vft.train(out=..., resume=True)``.

    Args:
        job: what ``vft.build`` returned.
        out: the run folder; none takes the next free ``runs/NAME-NNN``.
        sinks: as of ``vft.train``; so are the others.
        progress: whether it is shown on stderr.
        callbacks: called with a ``vft.EpochView`` after each epoch was validated; they may end the stage or the run.
        keep_checkpoints: whether the finished run keeps its newest checkpoints.
        profile: whether it is measured where the time of each stage goes.

    Returns:
        The finished run.

    Raises:
        VisionftError: see ``visionft/errors.py``.
    """
    require_callable(callbacks)
    stop_second_run()
    changed = _changed_weights(job)
    network, task = deepcopy((job.network, job.task))  # together, for a loss may belong to both
    with showing(sinks, progress=progress) as told:
        job = replace(job, network=network, task=task)
        return fitted(
            job, None, out, told, callbacks, keep_checkpoints=keep_checkpoints, profile=profile, changed=changed
        )


def _changed_weights(job: Any) -> bool:
    """Return whether somebody has changed the weights of a job since it was built.

    Raises:
        RecipeError: when it is no job, or its network has other layers now.
    """
    if not isinstance(job, Job) or job.built.tensors is None:
        raise RecipeError(
            f"job: an object of type {type(job).__name__}, which vft.build did not make; give vft.fit what "
            "vft.build(recipe) returns, or call vft.train(recipe)"
        )
    then, now = job.built.tensors, digests(job.network)
    shapes_then, shapes_now = ({name: text.rpartition(" ")[0] for name, text in one.items()} for one in (then, now))
    wrong = [name for name in shapes_then | shapes_now if shapes_then.get(name) != shapes_now.get(name)]
    if wrong:
        raise RecipeError(
            f"job.network: {wrong[0]} was {shapes_then.get(wrong[0], 'not there')} when it was built, and is "
            f"{shapes_now.get(wrong[0], 'not there')} now: nobody could open the run again; change the values of "
            "weights only, and hand over parts of your own: vft.build(recipe, backbone=..., head=...)"
        )
    return then != now


def fitted(
    job: Job,
    begun: RunFolder | None,
    out: str | Path | None,
    sinks: Sequence[Sink],
    callbacks: Sequence[Callback],
    *,
    keep_checkpoints: bool,
    profile: bool = False,
    changed: bool = False,
) -> Run:
    """Run every stage that is still to do.

    Args:
        job: the live objects, which then hold what was trained.
        begun: the folder of the run that is gone on with, which this process has locked; None begins a new one.
        out: the folder of a new one.
        sinks: who is told.
        callbacks: who looks at each epoch.
        keep_checkpoints: whether the finished run keeps its newest checkpoints.
        profile: whether it is measured where the time of each stage goes.
        changed: whether a new run starts from other weights than its recipe says.
    """
    started = time.monotonic()
    with _new_folder(job, out, sinks) if begun is None else nullcontext(begun) as folder:
        new = "data" not in folder.info
        if new:
            folder.record(status="training", seconds=0.0, asked=job.built.asked, **_beginning(job, changed=changed))
        recorded = [*sinks, JsonLines(folder.path / "events.jsonl")]
        decide_threads(job, folder, partial(tell, recorded))
        folder.record(environment=environment(job.runtime.device))
        before = float(folder.info["seconds"]) + job.built.seconds
        with ExitStack() as opened:
            opened.callback(lambda: folder.record(seconds=round(before + time.monotonic() - started, 1)))
            trackers = opened.enter_context(open_trackers(job.recipe, folder, partial(tell, recorded), new=new))
            all_sinks = [*recorded, *map(TrackerSink, trackers)]
            outlook = planned(job, folder, before + time.monotonic() - started)
            job, after = outlook.job, outlook.finish.total
            told = RunPlanned(_facts(job, folder, trackers), outline(job, outlook.times), round(after, 1))
            for sink in all_sinks:
                sink(told)
            for line in outlook.why:
                tell(all_sinks, line)
            choice = decide(job, folder, lambda text: tell(all_sinks, text))
            job = replace(job, augments=choice.device == "cuda")
            handed = bool(job.parts.given)
            opened.enter_context(measuring(stopwatch_for(job.runtime.device) if profile else None))
            keep_start = new and (changed or handed)
            deadline = None
            if outlook.budget is not None:
                deadline = Deadline(started + outlook.budget - before - after, outlook.seconds)
            outcome = run_stages(
                job,
                folder,
                all_sinks,
                callbacks,
                keep_start=keep_start,
                deadline=deadline,
                prefixes=outlook.prefixes,
            )
        last = job.plans[len(outcome.results) - 1].stage  # a callback may end it early
        job = replace(job, input=job.stage_input(last))
        spec = describe_model(job, folder.info, outcome.val, recorded)
        folder.write_model(job.network.state_dict(), spec)
        facts = {"stages": outcome.results, "history": outcome.history, "keep_checkpoints": keep_checkpoints}
        folder.record(status="finished", **facts)
        if not keep_checkpoints:
            folder.checkpoints.delete()
        return Run(folder.path, job=job, sinks=sinks)


@contextmanager
def _new_folder(job: Job, out: str | Path | None, sinks: Sequence[Sink]) -> Iterator[RunFolder]:
    """Yield the folder of a new run, locked, once it is known that its network can be exported."""
    working(sinks, "trying the export", 0, 1)
    require_exportable(job.recipe, job.network, job.task, job.input)
    working(sinks, "trying the export", 1, 1)
    _require_learning(job)
    path = RunFolder.reserve(job.recipe.name, Path(out).expanduser() if out else None)
    with training_lock(path):
        try:
            yield RunFolder.begin(path, job.recipe)
        except TooLittleTime:  # nothing has been learned, and nothing could be gone on with
            shutil.rmtree(path, ignore_errors=True)
            raise


def _require_learning(job: Job) -> None:
    """Try the program's own head or loss on two training images: what fails is to do so before there is a folder.

    Raises:
        RecipeError: when it does.
    """
    if job.parts.given.keys().isdisjoint(("head", "loss")):
        return
    with Loader(job.dataset.split("train")[:2], job.input, 2) as loader:
        batch = next(iter(loader.evaluation())).to(job.runtime.device)
    job.network.eval()
    try:
        with torch.no_grad():
            job.network.head(job.network.features(batch.images_BHW3), batch.targets)
    except torch.OutOfMemoryError:  # training tells what to do
        return
    except MISTAKES as error:
        raise RecipeError(f"head: fails ({reason(error)}) when it is to learn from two training images") from error
    finally:
        job.network.train()


def _beginning(job: Job, *, changed: bool) -> dict[str, Any]:
    """Return what is written down when a run begins: what it is trained on, and from which weights."""
    weights = asdict(job.network.backbone.weights)
    if changed:
        weights |= {"source": f"{weights['source']}; {_CHANGED}", "sha256": None, "changed": True}
    parts = {what: asdict(facts) for what, facts in job.parts.facts(job.network).items()}
    return {
        **({"parts": parts} if parts else {}),
        "data": fingerprint(job.dataset),
        "weights": weights,
        "sizing": job.sizing.to_dict(),
        "recipe": job.recipe.model_dump(mode="json"),
    }


def require_start(folder: RunFolder) -> None:
    """Check that a run that is gone on with can begin where it began.

    Raises:
        CheckpointError: when its program had changed the weights, and ended before they were saved.
    """
    if folder.checkpoints.empty and folder.info.get("weights", {}).get("changed"):
        raise CheckpointError(
            f"{folder.path}: began with weights that a program had changed, and ended before it saved any; start a "
            "new run: vft.fit(job)"
        )


def _facts(job: Job, folder: RunFolder, trackers: Sequence[GuardedTracker]) -> dict[str, str]:
    runtime, dataset, optim = job.runtime, job.dataset, job.recipe.optim
    backbone = job.network.backbone
    counts = ", ".join(f"{number} {split}" for split, number in folder.info["data"]["images"].items())
    weights = folder.info["weights"]
    numbers = "bf16" if runtime.bf16 else "fp32"
    return {
        "run": str(folder.path),
        "data": f"{dataset.name}: {counts}; {len(dataset.class_names)} {dataset.target.named[1]}",
        "source": dataset.source,
        "backbone": f"{backbone.family}/{backbone.name}, {len(backbone.groups)} depth groups",
        "weights": f"{weights['source']} (licence: {weights['licence']})",
        "licence": terms_of(weights["licence"]),
        "canvas": job.sizing.why,
        "decoding": "JPEGs no larger than needed (input.decode)" if job.input.decode == "reduced" else "",
        "optimizer": ", ".join([optim.name, *(f"{name} {value}" for name, value in optim.arguments.items())]),
        "device": f"{runtime.device}, {numbers}, {str(runtime.memory_format).removeprefix('torch.')}",
        "tracked": "; ".join(one.tracker.place for one in trackers if one.tracker is not None),
    }
