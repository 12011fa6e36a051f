"""From a recipe to a finished run, and on to its metrics, report and exported file."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from visionft.api.caller_state import caller_state
from visionft.api.exporting import require_exportable
from visionft.api.facts import environment, fingerprint, record_move, require_same_data, require_there
from visionft.api.model_spec import describe_model
from visionft.api.resolving import Asked, Data, Request, understand, understand_again
from visionft.api.resuming import Resumed, asked_for, find_run
from visionft.api.run import Run
from visionft.api.tracking import open_trackers, require_trackers
from visionft.assemble import Job, assemble, load_data, unused_targets
from visionft.assemble.images import require_decoder
from visionft.assemble.job import require_room
from visionft.assemble.sizing import Sizing
from visionft.autotune.choice import decide, require_cuda_where_asked
from visionft.autotune.estimate import outline
from visionft.checkpoint import RunFolder
from visionft.checkpoint.lock import training_lock
from visionft.loading.main_guard import stop_second_run
from visionft.recipe import Overrides
from visionft.tracking.guard import GuardedTracker
from visionft.training import Callback, Sink, fit
from visionft.training.callbacks import require_callable
from visionft.training.console import Console
from visionft.training.events import JsonLines, Notice, RunPlanned, Working
from visionft.training.tracking import TrackerSink


@caller_state()
def train(
    recipe: Asked | None = None,
    *,
    data: Data | None = None,
    overrides: Overrides = (),
    out: str | Path | None = None,
    resume: bool = False,
    sinks: Sequence[Sink] = (),
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
    keep_checkpoints: bool = False,
) -> Run:
    """Run every stage of a recipe.

        def stop_when_good(epoch):
            if epoch.row["val"]["accuracy"] > 0.99:
                epoch.stop_run("good enough")

        vft.train("photos/", callbacks=[stop_when_good])

    Args:
        recipe: a Recipe, a recipe file or name; or data (a folder of images, a CSV manifest, a ``vft.Dataset``), which
            are then trained on by the defaults of their task; with ``resume`` also a run folder.
        data: what to train on, in the place of the recipe's data: a ``vft.Dataset``, or where data lie.
        overrides: laid over the recipe: ``key=value`` texts, or a dict, ``{"optim.batch_size": 16}`` or nested.
        out: the run folder; none takes the next free ``runs/NAME-NNN``.
        resume: go on with the run in ``out``, or with the newest run of this name on these data. What is given must be
            what the run began with, but for rates and what has no part in what is learned, such as ``runtime.workers``;
            those changes are written down. ``data`` are needed where no file holds them, or where they have moved.
        sinks: who is told of the progress beside the terminal.
        progress: whether it is shown on stderr.
        callbacks: called with a ``vft.EpochView`` after each epoch was validated; they may end the stage or the run.
            What they decide is saved; a resumed run needs them again, and may show them its last epoch once more.
        keep_checkpoints: whether the finished run keeps its newest checkpoints (network, optimizer and best weights),
            which nothing but --resume reads; its network is model.safetensors.

    Returns:
        The finished run. A run that had finished before is returned as it is.

    Raises:
        VisionftError: see ``visionft/errors.py``.
    """
    require_callable(callbacks)
    stop_second_run()
    with ExitStack() as shown:  # a bar must not outlive a failure
        told = [shown.enter_context(closing(Console())), *sinks] if progress else sinks
        return _train(recipe, data, overrides, out, resume, told, callbacks, keep_checkpoints)


def _train(
    recipe: Asked | None,
    data: Data | None,
    overrides: Overrides,
    out: str | Path | None,
    resume: bool,
    sinks: Sequence[Sink],
    callbacks: Sequence[Callback],
    keep_checkpoints: bool,
) -> Run:
    resumed = find_run(recipe, data, out, overrides) if resume else None
    with ExitStack() as held:
        if resumed is not None:
            if not resumed.folder.finished:
                held.enter_context(training_lock(resumed.folder.path))
            resumed.record_changes()
            for change in resumed.changes:
                _tell(sinks, f"changed on the way: {change}")
            if resumed.folder.finished:
                _tell(sinks, f"{resumed.folder.path} has finished already")
                return Run(resumed.folder.path, sinks=sinks, data=resumed.data)
            request = understand_again(resumed.recipe, resumed.data, resumed.folder.moved_to)
        else:
            request = understand(recipe, overrides, data)
        return _fitted(request, resumed, asked_for(overrides, data), out, held, sinks, callbacks, keep_checkpoints)


def _fitted(
    request: Request,
    resumed: Resumed | None,
    asked: dict[str, Any],
    out: str | Path | None,
    held: ExitStack,
    sinks: Sequence[Sink],
    callbacks: Sequence[Callback],
    keep_checkpoints: bool,
) -> Run:
    started = time.monotonic()
    folder = resumed.folder if resumed else None
    resolved = request.recipe
    require_trackers(resolved)
    if folder is not None:
        require_there(resolved, folder.path)
    dataset = load_data(resolved, lambda done, total: _working(sinks, "reading images", done, total), request.data)
    for problem in dataset.problems:
        if not problem.fatal:  # which is told as an error, below
            _tell(sinks, str(problem))
    for text in unused_targets(resolved) if folder is None and request.kind_is_open else ():
        _tell(sinks, text)
    begun = folder is not None and "data" in folder.info
    if folder is not None and begun:
        require_same_data(dataset, folder.info, folder.path)
        record_move(folder, resolved, dataset, partial(_tell, sinks))
    # a run that was killed before its first checkpoint begins again, from its pretrained weights
    sizing = Sizing.recorded(folder.info, resolved, dataset) if begun and folder else None
    job = assemble(resolved, dataset, pretrained=folder is None or folder.checkpoints.empty, sizing=sizing)
    for problem in job.remarks:
        _tell(sinks, str(problem))
    if folder is None:
        require_cuda_where_asked(resolved, job.runtime)
        require_decoder(resolved, job.runtime)
        require_room(resolved, job.runtime, dataset, job.canvas)
        _working(sinks, "trying the export", 0, 1)
        require_exportable(resolved, job.network, job.task, job.input)
        _working(sinks, "trying the export", 1, 1)
        path = RunFolder.reserve(resolved.name, Path(out).expanduser() if out else None)
        held.enter_context(training_lock(path))
        folder = RunFolder.begin(path, resolved)
    if not begun:
        folder.record(
            status="training",
            seconds=0.0,
            data=fingerprint(dataset),
            weights=asdict(job.network.backbone.weights),
            sizing=job.sizing.to_dict(),
            recipe=resolved.model_dump(mode="json"),
            asked=asked,
        )
    folder.record(environment=environment(job.runtime.device))
    recorded = [*sinks, JsonLines(folder.path / "events.jsonl")]
    before = float(folder.info["seconds"])
    with ExitStack() as opened:
        opened.callback(lambda: folder.record(seconds=round(before + time.monotonic() - started, 1)))
        trackers = opened.enter_context(open_trackers(resolved, folder, partial(_tell, recorded), new=not begun))
        all_sinks = [*recorded, *map(TrackerSink, trackers)]
        planned = RunPlanned(_facts(job, folder, trackers), outline(job))
        for sink in all_sinks:
            sink(planned)
        choice = decide(job, folder, lambda text: _tell(all_sinks, text))
        job = replace(job, augments=choice.device == "cuda")
        outcome = fit(job, folder, all_sinks, callbacks)
    job = replace(job, input=job.stage_input(job.plans[len(outcome.results) - 1].stage))  # a callback may end it early
    spec = describe_model(job, folder.info, outcome.val, recorded)
    folder.write_model(job.network.state_dict(), spec)
    folder.record(status="finished", stages=outcome.results, history=outcome.history)
    if not keep_checkpoints:
        folder.checkpoints.delete()
    return Run(folder.path, job=job, sinks=sinks)


def complete(run: Run) -> dict[str, Any]:
    """Evaluate, report and export a finished run; a refused export comes last, so that the page can say why.

    Returns:
        What ``visionft train --json`` prints.
    """
    split = run.default_split
    metrics = run.evaluate(split)
    page = run.report()
    artifact = run.export()
    return {
        "run": str(run.path),
        "task": run.spec.task,
        "split": split,
        "metrics": metrics.to_dict(),
        "seconds": run.info["seconds"],
        "stages": run.stages,
        "model": str(artifact.path),
        "report": str(page),
    }


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
        "canvas": job.sizing.why,
        "optimizer": ", ".join([optim.name, *(f"{name} {value}" for name, value in optim.arguments.items())]),
        "device": f"{runtime.device}, {numbers}, {str(runtime.memory_format).removeprefix('torch.')}",
        "tracked": "; ".join(one.tracker.place for one in trackers if one.tracker is not None),
    }


def _tell(sinks: Sequence[Sink], text: str) -> None:
    for sink in sinks:
        sink(Notice(text))


def _working(sinks: Sequence[Sink], what: str, done: int, total: int) -> None:
    for sink in sinks:
        sink(Working(what, done, total))
