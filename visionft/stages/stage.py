"""What one stage of a fine-tuning run is."""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, MinLen

from visionft.catalog import NameIn
from visionft.stages.schedules import SCHEDULES
from visionft.stages.transforms import Transforms

NormPolicy = Literal["frozen", "affine", "all"]
Sampling = Literal["natural", "square_root", "balanced"]
Strength = Literal["none", "flips", "light", "medium", "strong", "auto"]
Pixels = Annotated[int, Ge(16)]
Size = Pixels | tuple[Pixels, Pixels]
"""Side of a square, or (height, width), in pixels."""


def height_and_width(size: Size) -> tuple[int, int]:
    """Return (height, width) of a canvas size."""
    return (size, size) if isinstance(size, int) else size


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stretch of training in which nothing structural changes.

    Source:
        Kumar et al. (2022), Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution,
        arXiv:2202.10054, section 3 (linear probing before fine-tuning); Howard and Ruder (2018),
        arXiv:1801.06146, section 3.3 (gradual unfreezing, discriminative rates).
    """

    # pydantic reads this when it validates a stage inside a recipe; nothing here depends on pydantic
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}

    name: Annotated[str, MinLen(1)]
    """What tables and curves call it."""
    unfreeze: Literal["none", "all", "auto"] | Annotated[int, Ge(1)] | tuple[str, ...] = "all"
    """Which depth groups of the backbone train beside the head: none, all, the last n, or a list of group names (a name
    also selects the groups below it: blocks.5 selects blocks.5.0). auto decides how many of the last when the stage
    begins, by the gradients of a few of its batches relative to the weights (Lee et al. 2022, Surgical Fine-Tuning,
    arXiv:2210.11466), so the head has to be trained by a stage before; with views at most two thirds of them."""
    epochs: Annotated[float, Gt(0)] | None = None
    """Length in passes over the training data; give this or steps."""
    steps: Annotated[int, Ge(1)] | None = None
    """Length in optimizer steps."""
    head_lr: Annotated[float, Gt(0)] = 1e-3
    """Peak learning rate of the head."""
    backbone_lr: Annotated[float, Gt(0)] = 3e-4
    """Peak learning rate of the deepest trainable depth group."""
    layer_decay: Annotated[float, Gt(0), Le(1)] = 1.0
    """Factor on the learning rate for each depth group further from the head."""
    warmup: Annotated[float, Ge(0), Le(1)] = 0.1
    """Fraction of the stage over which rates rise to their peak."""
    schedule: Annotated[str, NameIn(SCHEDULES)] = "cosine"
    """How rates fall after the warm-up."""
    schedule_options: dict[str, Any] = field(default_factory=dict, hash=False)
    """Of the schedule, such as {power: 2} of polynomial, {milestones: [0.5, 0.75], gamma: 0.1} of step, or {start: 25,
    end: 1e4} of one_cycle, which rises from a 25th of the rates."""
    norm: NormPolicy = "affine"
    """Norm layers of unfrozen groups: frozen keeps statistics and affine parameters, affine trains the parameters only,
    all updates the statistics as well. Frozen groups never change theirs."""
    augment: Strength = "light"
    """Strength of the augmentation; flips does nothing but what augment.orientation allows; auto does one thing to each
    image, drawn from all there are, but that further than strong (Mueller and Hutter 2021, TrivialAugment,
    arXiv:2103.10158)."""
    views: Annotated[int, Ge(1)] | Literal["auto"] | None = None
    """How many augmented views of each image the frozen layers see; what they make of them is kept, and the epochs take
    turns, so that only the layers behind are run. Without augmentation one is enough. auto measures, and takes as many
    as save time, up to 8. None draws a new view in every epoch."""
    fit_head: bool = False
    """Begin with the linear head that fits the kept features best: at the minimum of its own loss and a penalty on its
    weights, whose strength validation chooses. For stages that freeze the whole backbone, and have views or no
    augmentation."""
    sampling: Sampling | None = None
    """How often the training images are drawn, as data.sampling says; none keeps what that is."""
    augment_extra: Transforms | None = None
    """Transforms in the place of the recipe's augment.extra, whatever the strength, [] for none of these; none leaves
    them, in stages that augment."""
    image_size: Size | None = None
    """Canvas in pixels, side of a square or [height, width]; none keeps the run's."""
    patience: Annotated[int, Ge(1)] | None = None
    """End after this many epochs without a better validation value; none never does."""
    budget_minutes: Annotated[float, Gt(0)] | None = None
    """End after this much wall-clock time in the stage; none never does."""

    def __post_init__(self) -> None:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give its length as either 'epochs' or 'steps'; a parent's can be made null")
        if self.fit_head and (self.unfreeze != "none" or (self.augment != "none" and self.views is None)):
            raise ValueError(
                "fit_head: for stages whose features are kept: with 'unfreeze: none', and views or 'augment: none'; "
                "set these, or leave it out"
            )
        if self.views is not None and self.unfreeze == "all":
            raise ValueError("views: nothing is frozen with 'unfreeze: all', so that nothing can be kept; leave it out")

    @property
    def number_of_views(self) -> int | None:
        """How many views are kept, where that has been decided; None for none."""
        return self.views if isinstance(self.views, int) else None


DEFAULT_STAGES = (
    # without augmentation the frozen features are computed once, so that many epochs cost as much as one
    Stage(name="head", unfreeze="none", epochs=30, head_lr=5e-3, augment="none", patience=10),
    Stage(name="top", unfreeze=6, epochs=8, layer_decay=0.9, augment="medium", patience=4),
    Stage(name="all", unfreeze="all", epochs=8, backbone_lr=1e-4, layer_decay=0.85, augment="medium", patience=4),
)

# a head that is fitted has little to learn, and higher rates undo it
_GENTLY: dict[str, Any] = {"epochs": 8, "head_lr": 2e-4, "backbone_lr": 1e-4, "patience": 4}
PLANNED_STAGES = (
    # the head begins fitted to the looks that the next stage shows, so that this has nothing to undo
    Stage(name="head", unfreeze="none", epochs=4, augment="medium", views=4, fit_head=True, patience=2),
    Stage(name="top", unfreeze=6, augment="medium", views=4, layer_decay=0.9, **_GENTLY),
    Stage(name="all", unfreeze="all", augment="medium", layer_decay=0.85, **_GENTLY),
)
"""What data without a recipe are trained with: what is frozen sees a few views of each image, and not every epoch."""
