"""Recipe -> live objects: the only place that constructs things. Loaded when first used: data need no torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from visionft.assemble.data import data_state, load_data, read_data, unused_targets
    from visionft.assemble.job import Job, assemble
    from visionft.assemble.runtime import Runtime

_HOME = {
    "Job": "job",
    "Runtime": "runtime",
    "assemble": "job",
    "data_state": "data",
    "load_data": "data",
    "read_data": "data",
    "unused_targets": "data",
}

__all__ = ["Job", "Runtime", "assemble", "data_state", "load_data", "read_data", "unused_targets"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'visionft.assemble' has no attribute {name!r}")
    return getattr(import_module(f"visionft.assemble.{_HOME[name]}"), name)
