"""From a recipe to the live objects that are trained."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from visionft.api.caller_state import caller_state
from visionft.api.facts import record_move, require_same_data, require_there
from visionft.api.resolving import Asked, Data, Request, understand
from visionft.api.resuming import asked_for
from visionft.api.tracking import require_trackers
from visionft.assemble import Job, assemble, load_data, unused_targets
from visionft.assemble.built import BuildFacts, digests
from visionft.assemble.images import require_decoder
from visionft.assemble.job import require_room
from visionft.assemble.part_facts import require_same_parts
from visionft.assemble.parts import Parts
from visionft.assemble.sizing import Sizing
from visionft.autotune.choice import require_cuda_where_asked
from visionft.checkpoint import RunFolder
from visionft.loading.main_guard import stop_second_run
from visionft.recipe import Overrides, parse_overrides, stated_values
from visionft.training import Sink
from visionft.training.console import Console
from visionft.training.events import Notice, Working


@caller_state()
def build(
    recipe: Asked | None = None,
    *,
    data: Data | None = None,
    overrides: Overrides = (),
    backbone: Any = None,
    head: Any = None,
    loss: Any = None,
    sinks: Sequence[Sink] = (),
    progress: bool = True,
) -> Job:
    """Read the data and build the network of a recipe, without training: ``vft.fit`` does that.

        job = vft.build("photos/")
        print(job, job.plans, job.network.backbone.groups)
        job.network.backbone.load_state_dict(mine)
        run = vft.fit(job)

    ``vft.train(...)`` is ``vft.fit(vft.build(...))``.

    Args:
        recipe: as of ``vft.train``; so are the others.
        data: what to train on, in the place of the recipe's data.
        overrides: laid over the recipe.
        backbone: a part of your own in the place of the recipe's.
        head: the same.
        loss: the same.
        sinks: who is told of the progress beside the terminal.
        progress: whether it is shown on stderr.

    Returns:
        The live objects: data, network, plans of the stages, device.

    Raises:
        VisionftError: see ``visionft/errors.py``.
    """
    stop_second_run()
    with showing(sinks, progress=progress) as told:
        job = new_job(recipe, data, overrides, Parts(backbone, head, loss), told)
    return replace(job, built=replace(job.built, tensors=digests(job.network)))


def new_job(recipe: Asked | None, data: Data | None, overrides: Overrides, parts: Parts, sinks: Sequence[Sink]) -> Job:
    """Build what a new run trains; arguments as of ``build``."""
    parts.require_unnamed(stated_values(parse_overrides(overrides)))
    request = understand(recipe, overrides, data)
    request = request._replace(recipe=parts.over(request.recipe))
    parts.require_for(request.recipe, training=True)
    return built(request, asked_for(overrides, data), sinks, parts)


def built(
    request: Request, asked: Mapping[str, Any], sinks: Sequence[Sink], parts: Parts, folder: RunFolder | None = None
) -> Job:
    """Read the data and build the network of a new run, or of one that is gone on with.

    Args:
        request: what is to be done.
        asked: what is to be written down of it.
        sinks: who is told.
        parts: what the program hands over.
        folder: of the run that is gone on with; None in a new one.
    """
    started = time.monotonic()
    recipe = request.recipe
    require_trackers(recipe)
    if folder is not None:
        require_there(recipe, folder.path)
    dataset = load_data(recipe, lambda done, total: working(sinks, "reading images", done, total), request.data)
    for problem in dataset.problems:
        if not problem.fatal:  # which is told as an error, by ``assemble``
            tell(sinks, str(problem))
    for text in unused_targets(recipe) if folder is None and request.kind_is_open else ():
        tell(sinks, text)
    sizing = None
    if folder is not None and "data" in folder.info:
        require_same_data(dataset, folder.info, folder.path)
        record_move(folder, recipe, dataset, partial(tell, sinks))
        sizing = Sizing.recorded(folder.info, recipe, dataset)
    # a run that was killed before its first checkpoint begins again, from its pretrained weights
    pretrained = folder is None or folder.checkpoints.empty
    job = assemble(recipe, dataset, pretrained=pretrained, sizing=sizing, parts=parts)
    if folder is not None:
        require_same_parts(folder.info.get("parts", {}), parts.facts(job.network), str(folder.path))
    for problem in job.remarks:
        tell(sinks, str(problem))
    if folder is None:
        require_cuda_where_asked(recipe, job.runtime)
        require_decoder(recipe, job.runtime)
        require_room(recipe, job.runtime, dataset, job.canvas)
    return replace(job, built=BuildFacts(asked, time.monotonic() - started))


@contextmanager
def showing(sinks: Sequence[Sink], *, progress: bool) -> Iterator[Sequence[Sink]]:
    """Yield who is told, the terminal among them where progress is to be shown."""
    with ExitStack() as shown:  # a bar must not outlive a failure
        yield [shown.enter_context(closing(Console())), *sinks] if progress else sinks


def tell(sinks: Sequence[Sink], text: str) -> None:
    """Tell every sink something that a person should know."""
    for sink in sinks:
        sink(Notice(text))


def working(sinks: Sequence[Sink], what: str, done: int, total: int) -> None:
    """Tell every sink how far something has come."""
    for sink in sinks:
        sink(Working(what, done, total))
