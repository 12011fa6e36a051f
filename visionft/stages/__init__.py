"""The stage, and the pure arithmetic that turns a list of stages into a plan."""

from visionft.stages.plan import GroupRate, StagePlan, plan
from visionft.stages.stage import DEFAULT_STAGES, NormPolicy, Stage

__all__ = ["DEFAULT_STAGES", "GroupRate", "NormPolicy", "Stage", "StagePlan", "plan"]
