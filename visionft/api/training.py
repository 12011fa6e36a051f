"""From a recipe to a finished run, and on to its metrics, report and exported file."""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from visionft.api.building import built, new_job, showing, tell
from visionft.api.caller_state import caller_state
from visionft.api.fitting import fitted, require_start
from visionft.api.planning import remember_finish
from visionft.api.resolving import Asked, Data, understand_again
from visionft.api.resuming import Resumed, asked_for, find_run
from visionft.api.run import Run
from visionft.assemble.parts import Parts
from visionft.checkpoint.lock import training_lock
from visionft.errors import ExportError
from visionft.loading.main_guard import stop_second_run
from visionft.recipe import Overrides
from visionft.training import Callback, Sink
from visionft.training.callbacks import require_callable


@caller_state()
def train(
    recipe: Asked | None = None,
    *,
    data: Data | None = None,
    overrides: Overrides = (),
    out: str | Path | None = None,
    resume: bool = False,
    backbone: Any = None,
    head: Any = None,
    loss: Any = None,
    sinks: Sequence[Sink] = (),
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
    keep_checkpoints: bool = False,
    began: float | None = None,
    profile: bool = False,
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
        backbone: in the place of the recipe's, an ``nn.Module``, a function that makes it, or a ``vft.Backbone``. What
            is handed over stays as it is; a copy is trained. A run with such parts needs them again, with any weights,
            to be resumed, and ``vft.open_run`` to open it.
        head: in the place of the recipe's: for labels and numbers of images a module from embeddings to logits, or a
            function (embedding_dim, classes) that makes it; for masks one from a list of maps to logits, or a function
            (channels, strides, classes); else a class or an instance of ``visionft.models.heads.base.Head``.
        loss: in the place of the recipe's: a function or module of outputs and targets that gives one number.
        sinks: who is told of the progress beside the terminal.
        progress: whether it is shown on stderr.
        callbacks: called with a ``vft.EpochView`` after each epoch was validated; they may end the stage or the run.
            What they decide is saved; a resumed run needs them again, and may show them its last epoch once more.
        keep_checkpoints: whether the finished run keeps its newest checkpoints (network, optimizer and best weights),
            which nothing but --resume reads; its network is model.safetensors.
        began: since when the recipe's budget counts, of ``time.monotonic()``; None counts from this call.
        profile: whether it is measured where the time of each stage goes (decode, augment, copy, prefix, forward,
            backward, optimizer, wait), which is told at its end and written to run.json.

    Returns:
        The finished run. A run that had finished before is returned as it is.

    Raises:
        VisionftError: see ``visionft/errors.py``.
    """
    require_callable(callbacks)
    stop_second_run()
    parts = Parts(backbone, head, loss)
    with showing(sinks, progress=progress) as told:
        if resume:
            resumed = find_run(recipe, data, out, overrides, parts)
            asked = asked_for(overrides, data)
            return _gone_on(resumed, asked, parts, told, callbacks, keep_checkpoints=keep_checkpoints, profile=profile)
        earlier = 0.0 if began is None else time.monotonic() - began
        job = new_job(recipe, data, overrides, parts, told)
        job = replace(job, built=replace(job.built, seconds=job.built.seconds + earlier))
        return fitted(job, None, out, told, callbacks, keep_checkpoints=keep_checkpoints, profile=profile)


def _gone_on(
    resumed: Resumed,
    asked: Mapping[str, Any],
    parts: Parts,
    sinks: Sequence[Sink],
    callbacks: Sequence[Callback],
    *,
    keep_checkpoints: bool,
    profile: bool,
) -> Run:
    """Go on with a run, unless it has finished."""
    folder = resumed.folder
    with nullcontext() if folder.finished else training_lock(folder.path):
        resumed.record_changes()
        for change in resumed.changes:
            tell(sinks, f"changed on the way: {change}")
        if folder.finished:
            tell(sinks, f"{folder.path} has finished already")
            if folder.info.get("keep_checkpoints") is False:
                folder.checkpoints.delete()  # where it was interrupted before
            return Run(folder.path, sinks=sinks, data=resumed.data, parts=parts)
        require_start(folder)
        request = understand_again(resumed.recipe, resumed.data, folder.moved_to)
        job = built(request, asked, sinks, parts, folder)
        return fitted(job, folder, None, sinks, callbacks, keep_checkpoints=keep_checkpoints, profile=profile)


def complete(run: Run) -> dict[str, Any]:
    """Evaluate, export and report a finished run; the page is written also where the export is refused.

    Returns:
        What ``visionft train --json`` prints.
    """
    began = time.monotonic()
    split = run.default_split
    metrics = run.evaluate(split)
    try:
        artifact = run.export()
    except ExportError:
        run.report()
        raise
    page = run.report()
    remember_finish(run.info, time.monotonic() - began)
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
