"""What the data decide of a run where its recipe leaves it open: the canvas, and arguments of the task.

It is written down when a run begins, so that whoever opens it later has the same, whatever the rules are then.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any

from visionft.data.records import Dataset, Problem
from visionft.errors import RecipeError
from visionft.recipe import Recipe
from visionft.spec import Decode, Fit, InputSpec, Reading
from visionft.stages import Stage, height_and_width
from visionft.tasks import TASKS
from visionft.tasks.base import Canvas

_LARGEST_SIDE = 512  # pixels of a canvas that nobody chose, where nothing asks for more


@dataclass(frozen=True, slots=True)
class Sizing:
    """What was decided.

    Attributes:
        size: (height, width) of the canvas; none for the size that the weights were made for.
        fit: how images are put on it.
        arguments: of the task's learner.
        why: a line for people about the canvas; empty where it is the usual one.
        decode: whether JPEG files are decoded in full, see ``decoding``; None until the canvas of the weights is known.
    """

    size: tuple[int, int] | None
    fit: Fit
    arguments: Mapping[str, int] = field(default_factory=dict)
    why: str = ""
    decode: Decode | None = None

    @classmethod
    def of(cls, recipe: Recipe, dataset: Dataset | None) -> "Sizing":
        """Decide; without data, nothing depends on them."""
        canvas = _canvas(recipe, dataset)
        if dataset is None or canvas is None:
            return cls(None if canvas is None else canvas[:2], _fit(recipe))
        sized = cls(canvas[:2], canvas.fit, why=canvas.why)
        return replace(sized, arguments=recipe.task.measured_arguments(dataset, sized.last(recipe)))

    @classmethod
    def recorded(cls, info: Mapping[str, Any], recipe: Recipe, dataset: Dataset) -> "Sizing":
        """Return what was decided when a run began, given its run.json.

        A run that began before any of it was written down has the canvas that the sizes of its images gave.
        """
        if (written := info.get("sizing")) is not None:
            size = written["size"]
            return cls(**{"decode": "full", **written, "size": None if size is None else (size[0], size[1])})
        usual = _usual_canvas(recipe, dataset)
        return cls(None if usual is None else usual[:2], _fit(recipe), decode="full")

    @property
    def in_words(self) -> str:
        """The line about the canvas, with what changes it."""
        return f"canvas: {self.why}; set input.size for another"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)

    def last(self, recipe: Recipe) -> InputSpec:
        """Return the canvas of the finished model, whose size must be known, as far as the data decide it."""
        height, width = self.size or (0, 0)
        canvas = InputSpec(height, width, self.fit, overlap=recipe.input.overlap)
        return canvas_of(recipe.stages[-1], canvas)

    def remarks(self, recipe: Recipe, dataset: Dataset) -> tuple[Problem, ...]:
        """Return what a person should know of the data on their canvas."""
        return () if self.size is None else recipe.task.remarks(dataset, self.last(recipe), self.arguments)


def canvas_of(stage: Stage, spec: InputSpec) -> InputSpec:
    """Return the canvas of a stage, given the canvas of stages without a size."""
    if stage.image_size is None:
        return spec
    height, width = height_and_width(stage.image_size)
    return replace(spec, height=height, width=width)


def input_spec(recipe: Recipe, weights: InputSpec, sizing: Sizing, reading: Reading) -> InputSpec:
    """Merge the recipe's input section, and how values are read, into the input spec of the weights."""
    section = recipe.input
    height, width = sizing.size or (weights.height, weights.width)
    task = TASKS[recipe.task.kind]
    whole = task.sees_whole_images
    fits = [*([] if whole else ["crop"]), "pad", "stretch", *(["tile"] if task.takes_windows else [])]
    if section.fit is not None and section.fit not in fits:
        what = "crop leaves parts of an image unseen" if section.fit == "crop" else "tile cuts an image into windows"
        raise RecipeError(f"input.fit: {what}; {task.kind} takes {', '.join(fits[:-1])} or {fits[-1]}")
    return replace(
        weights,
        height=height,
        width=width,
        fit=sizing.fit,
        crop_pct=section.crop_pct or weights.crop_pct,
        overlap=section.overlap,
        reading=reading,
    )


def _fit(recipe: Recipe) -> Fit:
    return recipe.input.fit or ("pad" if TASKS[recipe.task.kind].sees_whole_images else "crop")


def _canvas(recipe: Recipe, dataset: Dataset | None) -> Canvas | None:
    usual = _usual_canvas(recipe, dataset)
    if usual is None or dataset is None or recipe.input.size is not None:
        return usual
    return recipe.task.suited_canvas(dataset, usual, fit_is_open=_fit_is_open(recipe))


def _fit_is_open(recipe: Recipe) -> bool:
    """Say whether nothing in the recipe is against windows, see ``Recipe._images_can_be_there``."""
    stays = recipe.runtime.resident is True or recipe.runtime.decode == "cuda"
    return recipe.input.fit is None and not stays and all(stage.image_size is None for stage in recipe.stages)


def _usual_canvas(recipe: Recipe, dataset: Dataset | None) -> Canvas | None:
    """Return the canvas that the recipe names or the sizes of the images suggest; none for that of the weights.

    Masks and boxes are learned at the images' own size, up to a side of 512 pixels: what a pretrained network saw in
    training says little about how small things are.
    """
    fit = _fit(recipe)
    if recipe.input.size is not None:
        return Canvas(*height_and_width(recipe.input.size), fit)
    if not TASKS[recipe.task.kind].sees_whole_images or dataset is None:
        return None
    sizes = [sample.size for sample in dataset.split("train") or dataset.samples]  # a check goes on without any
    width, height = (median(side) for side in zip(*sizes, strict=True))
    scale = min(1.0, _LARGEST_SIDE / max(height, width))
    return Canvas(max(32, round(height * scale / 32) * 32), max(32, round(width * scale / 32) * 32), fit)
