"""Which run is gone on with, and whether it is the one that is meant."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from visionft.api.resolving import Asked, Data, is_data, understand
from visionft.assemble.parts import NONE_HANDED_OVER, Parts
from visionft.checkpoint import RunFolder
from visionft.data.source import DataSource
from visionft.errors import CheckpointError, VisionftError
from visionft.recipe import Overrides, Recipe, load_recipe, parse_overrides, stated_values
from visionft.recipe.difference import Difference, differences
from visionft.recipe.overrides import plain

_PLACES = ("data.path", "data.format", "data.images", "data.masks")  # what data= takes the place of
_LATER = r"evaluate\.bootstrap|export\..+"  # what counts after training only
_ADJUSTABLE = (
    r"stages\..+\.(head_lr|backbone_lr)|optim\.(clip_norm|max_skipped)|runtime\.(precision|device|workers|threads|"
    rf"checkpoint_minutes)|cache\.(memory_gigabytes|disk_gigabytes|folder)|{_LATER}"
)
_ADJUSTABLE_WORDS = (
    "head_lr, backbone_lr, optim.clip_norm, optim.max_skipped, runtime.precision, .device, .workers, .threads and "
    ".checkpoint_minutes, cache.memory_gigabytes, .disk_gigabytes and .folder, evaluate.bootstrap and export"
)


class Resumed(NamedTuple):
    """A run that is gone on with.

    Attributes:
        folder: it.
        recipe: what it goes on by.
        changes: what that changes of what it began by: rates, and what has no part in what is learned.
        data: what it is to be trained on; None where that is where it was.
    """

    folder: RunFolder
    recipe: Recipe
    changes: tuple[Difference, ...]
    data: Data | None

    def record_changes(self) -> None:
        """Write the changed recipe, and in run.json what was changed after how many steps."""
        if not self.changes:
            return
        step = self.folder.checkpoints.steps
        told = [{"step": step, **change._asdict()} for change in self.changes]
        known = self.folder.info.get("changes", [])
        self.folder.write_recipe(self.recipe)
        self.folder.record(recipe=self.recipe.model_dump(mode="json"), changes=[*known, *told])


def asked_for(overrides: Overrides, data: Data | None) -> dict[str, Any]:
    """Return what is written down of what a user gave beside the recipe, for comparing when the run is resumed."""
    stated = plain(overrides) if isinstance(overrides, dict) else list(map(str, overrides))
    return {"overrides": stated, "data": data is not None}


def find_run(
    recipe: Asked | None,
    data: Data | None,
    out: str | Path | None,
    overrides: Overrides,
    parts: Parts = NONE_HANDED_OVER,
) -> Resumed:
    """Return the run that a user means, compared with what it was begun with.

    Args:
        recipe: what is asked for now: the run's folder, its data or its recipe; None with ``out``.
        data: where the data lie now, or what no file holds.
        out: the run folder; None looks for the newest run of the recipe's name with its data and settings.
        overrides: laid over the recipe.
        parts: what the program hands over again.

    Raises:
        CheckpointError: when there is no such run, or it was begun with other settings; it names them.
    """
    if out is not None:
        return _compared(RunFolder.open(Path(out).expanduser()), recipe, data, overrides, parts)
    if isinstance(recipe, str | Path) and (Path(recipe).expanduser() / "recipe.yaml").is_file():
        return _compared(RunFolder.open(Path(recipe).expanduser()), recipe, data, overrides, parts)
    desired = understand(recipe, overrides, data).recipe
    known = RunFolder.of_name(desired.name)
    if not known:
        raise CheckpointError(
            f"--resume (resume=True): there is no run called {desired.name!r} here; name its folder with --out (out)"
        )
    refused: VisionftError | None = None
    elsewhere: list[str] = []
    for folder in known:
        try:
            if not _same_place(folder, desired):
                elsewhere.append(f"{folder.path} (of {folder.recipe.data.path})")
                continue
            return _compared(folder, recipe, data, overrides, parts)
        except VisionftError as error:
            refused = refused or error
    if refused is not None:
        raise refused
    raise CheckpointError(
        f"--resume (resume=True): the runs called {desired.name!r} here are of other data than {desired.data.path}: "
        f"{', '.join(elsewhere[:3])}; start a new run (without --resume), or where one's data have moved, name both: "
        f"visionft train {known[0].path} --resume --data {desired.data.path}"
    )


def _same_place(folder: RunFolder, desired: Recipe) -> bool:
    """Say whether a run's data are, or were found, where they are wanted."""
    places = {folder.recipe.data.path, *map(Path, folder.moved_to)}
    return desired.data.path in places and desired.data.format in ("auto", folder.recipe.data.format)


def _compared(folder: RunFolder, asked: Asked | None, data: Data | None, overrides: Overrides, parts: Parts) -> Resumed:
    parts.require_unnamed(stated_values(parse_overrides(overrides)))
    begun, known = _begun(folder), folder.info.get("asked", {})
    by_data = asked is None or is_data(asked)
    names_itself = isinstance(asked, str | Path) and Path(asked).expanduser().resolve() == folder.path.resolve()
    if by_data or names_itself:
        desired = load_recipe(folder.recipe, overrides)
    elif asked is not None:
        first = understand(asked, known.get("overrides", ()), data).recipe
        desired = load_recipe(first, overrides) if overrides else first
    parts.require_for(begun, training=not folder.finished)
    desired = parts.over(desired)
    if data is None and asked is not None and is_data(asked):
        data = asked
    ignored = {"name", "data.path"}
    if data is not None or known.get("data"):
        ignored.update(_PLACES)
    if "backbone.weights" in stated_values(parse_overrides(known.get("overrides", ()))):
        ignored.add("backbone.weights")  # whose path began where the run was begun
    found = [one for one in differences(begun, desired) if one.key not in ignored]
    kept = _LATER if folder.finished else _ADJUSTABLE
    if refused := [one for one in found if not re.fullmatch(kept, one.key)]:
        raise CheckpointError(_refusal(folder, refused))
    recipe = load_recipe(begun, {one.key: one.new for one in found}) if found else begun
    if data is None and not known.get("data") and desired.data.path not in (None, begun.data.path):
        data = DataSource.from_folder(str(desired.data.path))
    return Resumed(folder, recipe, tuple(found), _unless_there(folder, begun, data))


def _begun(folder: RunFolder) -> Recipe:
    """Return what a run was begun with: what it wrote down then, for its recipe.yaml may have been edited."""
    recipe, written = folder.recipe, folder.info.get("recipe")
    if written is None:  # by a version that did not
        return recipe
    try:
        return Recipe(**written)
    except VisionftError:  # by a version with other keys
        return recipe


def _unless_there(folder: RunFolder, begun: Recipe, data: Data | None) -> Data | None:
    """Return data that are elsewhere now, None where a path is the one that the run knows."""
    path = data.settings.get("path") if isinstance(data, DataSource) else data
    if path is None or folder.moved_to:
        return data
    return None if Path(path).expanduser().resolve() == begun.data.path else data


def _refusal(folder: RunFolder, found: Sequence[Difference]) -> str:
    lines = "".join(f"\n  {one}" for one in found)
    if folder.finished:
        return (
            f"{folder.path}: has finished, and was trained by another recipe than this one:{lines}\n"
            "a finished run is not trained on; start a new run: leave --resume away, and give another --out if you "
            "give one"
        )
    return (
        f"{folder.path}: was begun by another recipe than this one:{lines}\n"
        f"put back what is told here to go on with it{_as_it_was(folder, found)}, or start a new run: leave --resume "
        f"away; what may change on the way: {_ADJUSTABLE_WORDS}"
    )


def _as_it_was(folder: RunFolder, found: Iterable[Difference]) -> str:
    """Return the command that goes on with a run as it was begun, where its own recipe still says that."""
    edited = {one.key for one in differences(_begun(folder), folder.recipe)}
    return "" if edited & {one.key for one in found} else f" (visionft train {folder.path} --resume)"
