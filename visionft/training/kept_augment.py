"""``augment.features``: activations that are kept are changed and mixed in every epoch anew."""

from typing import Any, cast

from torch import Tensor

from visionft.assemble import Job
from visionft.augment.features import FeaturePolicy, change_activations, layout_of, mix_activations
from visionft.batch import AnyBatch, Batch, FeatureBatch, KeptBatch
from visionft.errors import RecipeError
from visionft.models.backbones.placeholder import CannotCut
from visionft.seeds import derive_seed
from visionft.stages import Stage, StagePlan
from visionft.training.frozen import features_can_be_kept
from visionft.training.kept_views import KeptViews, why_not_kept


class KeptAugmenter:
    """Changes batches of what was kept; a pure function of the seed, the epoch and the samples.

    Args:
        job: the recipe and the data.
        stage: one of its stages.
        policy: what may happen.
    """

    def __init__(self, job: Job, stage: Stage, policy: FeaturePolicy) -> None:
        spec = job.stage_input(stage)
        self._canvas = spec.height, spec.width
        self._policy = policy
        self._seed = job.recipe.seed
        self._target = job.dataset.target
        self._classes = len(job.dataset.class_names)

    def __call__(self, batch: AnyBatch, epoch: int) -> AnyBatch:
        """Return a batch as it is in an epoch; one of images as it was."""
        match batch:
            case KeptBatch():
                kept, targets = self._changed(batch.kept, batch, epoch)
                return KeptBatch(kept, batch.suffix, targets, batch.ids)
            case FeatureBatch():
                (features_BD,), targets = self._changed((batch.features_BD,), batch, epoch)
                return FeatureBatch(features_BD, targets, batch.ids)
            case Batch():
                return batch

    def _changed(self, kept: tuple[Tensor, ...], batch: AnyBatch, epoch: int) -> tuple[tuple[Tensor, ...], Any]:
        layouts = [layout_of(values.shape[1:], self._canvas) for values in kept]
        seeds = [derive_seed(self._seed, "features", epoch, name) for name in batch.ids]
        targets: Any = batch.targets
        if self._policy.changes_images:
            kept = change_activations(kept, layouts, self._policy, seeds)
        if self._policy.mixup or self._policy.cutmix:
            kept, fractions_B = mix_activations(kept, layouts, self._policy, seeds)
            targets = self._target.mixed(targets, fractions_B.to(targets.device), self._classes)
        return kept, targets


def kept_augmenter(job: Job, stage: Stage) -> KeptAugmenter | None:
    """Return what changes the activations that a stage keeps; None where nothing does."""
    section = job.recipe.augment.features
    if stage.views is None or not section.given:
        return None
    return KeptAugmenter(job, stage, FeaturePolicy(**section.model_dump()))


def require_maps(job: Job) -> None:
    """Check that stages keep maps where rectangles of them are to be mixed.

    Raises:
        RecipeError: when one keeps something else.
    """
    if not job.recipe.augment.features.cutmix:
        return
    for plan in job.plans:
        if plan.stage.views is not None and not _keeps_maps(job, plan):
            raise RecipeError(
                f"augment.features.cutmix: what stage {plan.stage.name} keeps are no maps, of which a rectangle "
                "could be another image's; take augment.features.mixup"
            )


def _keeps_maps(job: Job, plan: StagePlan) -> bool:
    """Return whether all that a stage keeps are maps; true where it keeps nothing."""
    if features_can_be_kept(job, plan):
        return False
    if why_not_kept(job, plan):
        return True
    job.network.backbone.set_trainable(plan.groups, plan.stage.norm)
    job.network.train()
    try:
        views = KeptViews(job, plan.stage, "train", cast("Any", None), 1)  # no images are asked for
    except CannotCut:
        return True
    spec = job.stage_input(plan.stage)
    return all(layout_of(shape, (spec.height, spec.width)).sides for shape, _ in views.cut.forms)
