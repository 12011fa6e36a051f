"""The stage, and the pure arithmetic that turns a list of stages into a plan."""

from visionft.stages.plan import GroupRate, StagePlan, choose_groups, group_rates, plan
from visionft.stages.stage import DEFAULT_STAGES, NormPolicy, Size, Stage, height_and_width

__all__ = [
    "DEFAULT_STAGES",
    "GroupRate",
    "NormPolicy",
    "Size",
    "Stage",
    "StagePlan",
    "choose_groups",
    "group_rates",
    "height_and_width",
    "plan",
]
