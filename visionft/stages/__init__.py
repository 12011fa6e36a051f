"""The stage, and the pure arithmetic that turns a list of stages into a plan."""

from visionft.stages.plan import GroupRate, StagePlan, choose_groups, group_rates, plan
from visionft.stages.stage import DEFAULT_STAGES, PLANNED_STAGES, NormPolicy, Sampling, Size, Stage, height_and_width
from visionft.stages.transforms import Transforms

__all__ = [
    "DEFAULT_STAGES",
    "PLANNED_STAGES",
    "GroupRate",
    "NormPolicy",
    "Sampling",
    "Size",
    "Stage",
    "StagePlan",
    "Transforms",
    "choose_groups",
    "group_rates",
    "height_and_width",
    "plan",
]
