"""Recipe -> live objects: the only place that constructs things."""

from visionft.assemble.job import Job, assemble, load_data, read_data, states_outlines, unused_outlines
from visionft.assemble.runtime import Runtime

__all__ = ["Job", "Runtime", "assemble", "load_data", "read_data", "states_outlines", "unused_outlines"]
