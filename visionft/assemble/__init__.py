"""Recipe -> live objects: the only place that constructs things."""

from visionft.assemble.data import data_state, load_data, read_data, unused_targets
from visionft.assemble.job import Job, assemble
from visionft.assemble.runtime import Runtime

__all__ = ["Job", "Runtime", "assemble", "data_state", "load_data", "read_data", "unused_targets"]
