"""Everything wrong with a recipe or a data folder, before any training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from visionft.api.caller_state import caller_state
from visionft.api.facts import fingerprint
from visionft.api.known_networks import keep_facts, known_facts, network_key
from visionft.api.resolving import Asked, Data, understand
from visionft.api.tracking import require_trackers
from visionft.assemble.data import load_data, unused_targets
from visionft.assemble.sizing import Sizing, input_spec
from visionft.data.records import Dataset
from visionft.data.splits import SPLITS, Split
from visionft.errors import MissingExtra, VisionftError
from visionft.recipe import Overrides, Recipe
from visionft.report.picture_file import require_picture_name
from visionft.spec import FULL_SCALE, InputSpec
from visionft.stages import plan


@dataclass(frozen=True, slots=True)
class Check:
    """What was found.

    Attributes:
        errors: what keeps training from starting.
        warnings: what a person should know.
        data: name, classes and image counts; none when the data could not be read.
        counts: class -> split -> images.
        objects: class -> split -> objects, of a detection; else empty.
        picture: the file with augmented images, where one was asked for and could be made.
        named: what ``counts`` are of, singular.
    """

    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    data: dict[str, Any] | None
    counts: dict[str, dict[str, int]]
    objects: dict[str, dict[str, int]] = field(default_factory=dict)
    picture: str | None = None
    named: str = "class"

    def __repr__(self) -> str:
        images = "no data" if self.data is None else f"{self.data['name']}: {_counts(self.data['images'])}"
        can = "training can start" if self.ok else "training cannot start"
        lines = [f"Check({can}; {images})", *(f"  error: {text}" for text in self.errors)]
        return "\n".join([*lines, *(f"  warning: {text}" for text in self.warnings)])

    @property
    def ok(self) -> bool:
        """Whether training can start."""
        return not self.errors


@caller_state()
def check(
    recipe: Asked | None = None,
    overrides: Overrides = (),
    *,
    data: Data | None = None,
    show_augment: str | Path | None = None,
) -> Check:
    """Look at recipe, data and backbone, and collect everything that is wrong with any of them.

    Args:
        recipe: a Recipe, a recipe file or name; or data (a folder of images, a CSV manifest, a ``vft.Dataset``).
        overrides: laid over the recipe: ``key=value`` texts, or a dict, ``{"optim.batch_size": 16}`` or nested.
        data: what to look at in the place of the recipe's data: a ``vft.Dataset``, or where data lie.
        show_augment: a PNG to write, with training images as the most strongly augmented stage sees them.

    Raises:
        DataError: when that file cannot be written; nothing else raises.
    """
    picture = None if show_augment is None else Path(show_augment).expanduser()
    if picture is not None:
        require_picture_name(picture)
    try:
        request = understand(recipe, overrides, data)
    except VisionftError as error:
        return Check(tuple(str(error).splitlines()), (), None, {})
    resolved = request.recipe
    errors: list[str] = []
    warnings: list[str] = []
    dataset: Dataset | None = None
    try:
        dataset = load_data(resolved, source=request.data)
        errors += [str(problem) for problem in dataset.problems if problem.fatal]
        warnings += [str(problem) for problem in dataset.problems if not problem.fatal]
        warnings += unused_targets(resolved) if request.kind_is_open else ()
    except VisionftError as error:
        errors += str(error).splitlines()
    canvas: InputSpec | None = None
    try:
        sizing = Sizing.of(resolved, dataset)
        warnings += [sizing.in_words] if sizing.why else []
        warnings += [] if dataset is None else map(str, sizing.remarks(resolved, dataset))
        canvas = _canvas(resolved, dataset, sizing)
    except VisionftError as error:
        errors += str(error).splitlines()
    try:
        require_trackers(resolved)
    except MissingExtra as error:
        errors.append(str(error))
    if _needs_a_device(resolved):
        from visionft.api.network_trial import wrong_with_runtime

        errors += wrong_with_runtime(resolved, dataset, canvas)
    if dataset is None:
        return Check(tuple(errors), tuple(warnings), None, {})
    drawn = picture is not None and canvas is not None and bool(dataset.split("train"))
    if picture is not None and canvas is not None and drawn:
        from visionft.api.augment_grid import write_augment_grid  # needs torch, and nothing else may have

        require_picture_name(picture, dataset)
        write_augment_grid(picture, resolved, dataset, canvas)
    return Check(
        tuple(errors),
        tuple(warnings),
        fingerprint(dataset),
        counts=_by_class(dataset, {split: list(dataset.image_counts(split).values()) for split in SPLITS}),
        objects=_by_class(dataset, {split: dataset.class_counts(split) for split in SPLITS})
        if dataset.target.countable
        else {},
        picture=str(picture) if drawn else None,
        named=dataset.target.named[0],
    )


def _counts(images: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {split}" for split, number in images.items())


def _by_class(dataset: Dataset, numbers: Mapping[Split, Sequence[int]]) -> dict[str, dict[str, int]]:
    """Return class -> split -> number, given split -> number of class 0, 1, ..."""
    return {
        name: {split: of_class[label] for split, of_class in numbers.items()}
        for label, name in enumerate(dataset.class_names)
    }


def _needs_a_device(recipe: Recipe) -> bool:
    """Return whether a recipe asks for anything that this machine may lack beside packages."""
    runtime = recipe.runtime
    return "cuda" in (runtime.device, runtime.decode, recipe.augment.device) or runtime.resident is True


def _canvas(recipe: Recipe, dataset: Dataset | None, sizing: Sizing) -> InputSpec:
    """Check what the recipe asks of its network, which is built where nothing is known of it.

    Returns:
        The recipe's canvas.
    """
    key = network_key(recipe, sizing, with_head=dataset is not None)
    facts = None if key is None else known_facts(key)
    if facts is None:
        from visionft.api.network_trial import try_network

        facts = try_network(recipe, dataset, sizing)
        if key is not None:
            keep_facts(key, facts)
    elif dataset is not None:
        recipe.task.learner_arguments(dataset)  # says what is wrong with these data, which is not known
    plan(recipe.stages, facts.groups, steps_per_epoch=1)
    return input_spec(recipe, facts.input, sizing, FULL_SCALE if dataset is None else dataset.reading)
