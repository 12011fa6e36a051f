"""The recipe: its sections, and what must hold between them."""

from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from visionft.errors import RecipeError
from visionft.metrics.score import Score, find_scores
from visionft.options import problems_with
from visionft.recipe.budget import Budget
from visionft.recipe.extra_transforms import transform_problems
from visionft.recipe.sections import (
    AugmentSection,
    BackboneSection,
    CacheSection,
    DataSection,
    EvaluateSection,
    ExportSection,
    InputSection,
    OptimSection,
    RuntimeSection,
    Section,
)
from visionft.recipe.task_section import TaskSection, default_task, problem
from visionft.recipe.track_section import TrackSection
from visionft.stages import DEFAULT_STAGES, Stage, Transforms
from visionft.stages.schedules import SCHEDULES
from visionft.tasks import TASKS
from visionft.tasks.base import TaskOptions
from visionft.tracking.base import TrackerChoice


class Recipe(Section):
    """A whole run: complete, typed, frozen.

        recipe = vft.Recipe(backbone={"name": "convnext_tiny"}, optim={"batch_size": 16})
        other = vft.load_recipe(recipe, {"optim.batch_size": 8})

    Every key is optional, and documented where it is defined; ``visionft schema`` prints them all.

    Raises:
        RecipeError: with every wrong key and value, one a line.
    """

    name: Annotated[str, Field(pattern=r"^[\w.-]+$")] = "run"
    """What the run folder is called."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Everything random follows from it."""
    data: DataSection = DataSection()
    backbone: BackboneSection = BackboneSection()
    input: InputSection = InputSection()
    task: Annotated[TaskOptions, TaskSection()] = Field(default_factory=default_task)
    """What is learned, and with which head and loss."""
    augment: AugmentSection = AugmentSection()
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)] = DEFAULT_STAGES
    """What happens, in order."""
    optim: OptimSection = OptimSection()
    runtime: RuntimeSection = RuntimeSection()
    cache: CacheSection = CacheSection()
    budget: Budget = "none"
    """Most wall-clock time for the whole run, from the start of the process to the exported file, such as 90s, 5m or
    1h30m. Where the stages would take longer, they get fewer epochs, kept views, no last stage that unfreezes
    everything, or at last a smaller canvas, by measured times. auto, which data without a recipe
    have, is 10 minutes on a CPU and 30 with CUDA; less where that is enough."""
    evaluate: EvaluateSection = EvaluateSection()
    export: ExportSection = ExportSection()
    track: Annotated[tuple[TrackerChoice, ...], TrackSection()] = ()
    """Where curves, sample images and results go beside the run folder's own files: names such as csv (history.csv
    there), tensorboard, mlflow, wandb and trackio, or a name with its options, such as mlflow: {experiment: cells}. All
    of them keep to this machine unless an option or an environment variable of theirs says otherwise."""

    def __init__(self, **sections: Any) -> None:
        try:
            super().__init__(**sections)
        except ValidationError as error:
            from visionft.recipe.explain import explain_values  # which reads this class's schema

            raise RecipeError(explain_values(error, sections)) from None

    # without this, pydantic takes the one above for a validator, and files lose the lines of their mistakes
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        stages = ", ".join(stage.name for stage in self.stages)
        data = self.data.path or self.data.format
        return f"Recipe({self.name}: {self.task.kind} with {self.backbone.name} on {data}; stages {stages})"

    __str__ = __repr__

    @property
    def select(self) -> str:
        """What picks the best weights of a stage: a validation value, or ``last``."""
        return self.evaluate.select or TASKS[self.task.kind].selections[0]

    @property
    def selection_value(self) -> str:
        """The validation value that stands for ``select``: the task's first one, where the last weights are taken."""
        return TASKS[self.task.kind].selections[0] if self.select == "last" else self.select

    @property
    def selection_score(self) -> Score:
        """What that value is."""
        return find_scores([self.selection_value], TASKS[self.task.kind].scores)[0]

    def extra_transforms(self, stage: Stage) -> Transforms:
        """Return the transforms of ``augment.extra`` that a stage does."""
        if stage.augment_extra is not None:
            return stage.augment_extra
        return self.augment.extra if stage.augment != "none" else ()

    @model_validator(mode="after")
    def _selection_is_the_tasks(self) -> "Recipe":
        allowed = TASKS[self.task.kind].selections
        if self.select not in allowed:
            message = f"{self.select} is not measured for {self.task.kind}; choose {', '.join(allowed)}"
            raise ValidationError.from_exception_data("recipe", [problem(("evaluate", "select"), self.select, message)])
        return self

    @model_validator(mode="after")
    def _mixing_can_happen(self) -> "Recipe":
        kind, section = self.task.kind, self.augment
        of_objects = TASKS[kind].augmentation != "images"
        chosen = [name for name in ("mosaic", "mixup", "cutmix") if getattr(section, name)]
        for name in chosen:
            if name not in TASKS[kind].mixing:
                instead = " or ".join(TASKS[kind].mixing)
                raise ValueError(f"augment.{name}: not for {kind}; leave it out{instead and f', or take {instead}'}")
        if chosen and of_objects and all(stage.augment == "none" for stage in self.stages[:-1]):
            raise ValueError(
                f"augment.{chosen[0]}: happens in stages that augment, but for the last one, and there is none; add a "
                f"last stage without it, or leave {chosen[0]} out"
            )
        if chosen and not of_objects and all(stage.augment == "none" for stage in self.stages):
            raise ValueError(f"augment.{chosen[0]}: no stage augments; set augment in one, or leave {chosen[0]} out")
        if not of_objects and section.mixup + section.cutmix > 1:
            fractions = f"mixup {section.mixup:g} and cutmix {section.cutmix:g}"
            raise ValueError(f"augment: {fractions}, which are never both; lower them to at most 1 together")
        return self

    @model_validator(mode="after")
    def _features_are_kept(self) -> "Recipe":
        section, task = self.augment.features, TASKS[self.task.kind]
        if not section.given:
            return self
        chosen = section.given[0]
        if all(stage.views is None for stage in self.stages):
            raise ValueError(
                f"augment.features.{chosen}: no stage keeps activations; give one views, such as 4, or leave it out"
            )
        for name in {"mixup", "cutmix"} & set(section.given):
            if task.augmentation != "images" or name not in task.mixing:
                raise ValueError(
                    f"augment.features.{name}: mixes labels of whole images, and {self.task.kind} has others; leave it "
                    "out, or take dropout, brightness, contrast or posterize"
                )
        if section.mixup + section.cutmix > 1:
            fractions = f"mixup {section.mixup:g} and cutmix {section.cutmix:g}"
            raise ValueError(f"augment.features: {fractions}, which are never both; lower them to at most 1 together")
        return self

    @model_validator(mode="after")
    def _ranges_have_an_effect(self) -> "Recipe":
        given, kind = self.augment.ranges.given, self.task.kind
        idle, instead = ("spread", "zoom") if TASKS[kind].augmentation == "images" else ("zoom", "spread")
        if idle in given:
            raise ValueError(f"augment.ranges.{idle}: has no effect in {kind}; set {instead}, or leave it out")
        auto = [stage.name for stage in self.stages if stage.augment == "auto"]
        if given and auto:
            raise ValueError(
                f"augment.ranges: stage {auto[0]!r} has augment: auto, whose ranges are its own, one at a time; take "
                "light, medium or strong there, or leave ranges out"
            )
        if given and all(stage.augment == "none" for stage in self.stages):
            raise ValueError("augment.ranges: no stage augments; set augment in one, or leave ranges out")
        return self

    @model_validator(mode="after")
    def _extra_transforms_can_be_made(self) -> "Recipe":
        places: dict[tuple[str | int, ...], Transforms] = {("augment", "extra"): self.augment.extra}
        places |= {
            ("stages", number, "augment_extra"): stage.augment_extra or () for number, stage in enumerate(self.stages)
        }
        objects = TASKS[self.task.kind].augmentation != "images"
        problems = [found for place, entries in places.items() for found in transform_problems(place, entries, objects)]
        if problems:
            raise ValidationError.from_exception_data("recipe", problems)
        if self.augment.extra and not any(self.augment.extra == self.extra_transforms(stage) for stage in self.stages):
            raise ValueError(
                "augment.extra: no stage does these; set augment in one, give them to it as augment_extra, or leave "
                "them out"
            )
        extra = next((stage.name for stage in self.stages if self.extra_transforms(stage)), None)
        if extra is not None and self.augment.device == "cuda":
            raise ValueError(
                f"augment.device: cuda asked for, but what stage {extra!r} does in extra is done where images are "
                "loaded; take auto"
            )
        return self

    @model_validator(mode="after")
    def _images_can_be_there(self) -> "Recipe":
        section, mixing = self.runtime, self.augment
        chosen = {
            "runtime.resident: true": section.resident is True,
            "runtime.decode: cuda": section.decode == "cuda",
        }
        for what in (name for name, asked in chosen.items() if asked):
            if self.input.fit == "tile":
                raise ValueError(
                    f"{what}: input.fit: tile cuts windows from images that are decoded anew; leave one out"
                )
            if TASKS[self.task.kind].augmentation != "images" and (mixing.mosaic or mixing.mixup):
                raise ValueError(f"{what}: augment.mosaic and mixup are done where images are loaded; leave one out")
            if any(map(self.extra_transforms, self.stages)):
                raise ValueError(f"{what}: augment.extra is done where images are loaded; leave one out")
            if mixing.device == "cpu" and any(stage.augment != "none" for stage in self.stages):
                raise ValueError(f"{what}: augment.device: cpu has no images on the device to augment; use auto")
        if section.decode == "cuda" and self.input.decode == "reduced":
            raise ValueError("runtime.decode: cuda decodes in full; leave it or input.decode: reduced out")
        return self

    @model_validator(mode="after")
    def _schedules_take_their_options(self) -> "Recipe":
        problems = [
            problem(("stages", index, "schedule_options", *filter(None, [option])), stage.schedule_options, message)
            for index, stage in enumerate(self.stages)
            for option, message in problems_with(SCHEDULES[stage.schedule], stage.schedule_options).items()
        ]
        if problems:
            raise ValidationError.from_exception_data("recipe", problems)
        return self

    @model_validator(mode="after")
    def _depth_can_be_decided(self) -> "Recipe":
        if self.stages[0].unfreeze == "auto":
            raise ValueError(
                f"stages[0].unfreeze: auto in the first stage, {self.stages[0].name!r}: how deep to go is decided by "
                "gradients, which say nothing under a head that has not learned; put a stage with unfreeze: none "
                "before it, or say how many depth groups train, such as 6"
            )
        return self

    @model_validator(mode="after")
    def _stage_names_differ(self) -> "Recipe":
        names = [stage.name for stage in self.stages]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"stages: two are called {repeated[0]!r}; give each its own name")
        return self
