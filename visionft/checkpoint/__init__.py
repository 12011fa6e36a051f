"""What a run leaves on disk: nothing half-written, nothing executable. Loaded when first used: files need no torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from visionft.atomic import read_json, write_json, write_text

if TYPE_CHECKING:
    from visionft.checkpoint.run_folder import RunFolder
    from visionft.checkpoint.store import Checkpoint

_HOME = {"Checkpoint": "store", "RunFolder": "run_folder"}

__all__ = ["Checkpoint", "RunFolder", "read_json", "write_json", "write_text"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'visionft.checkpoint' has no attribute {name!r}")
    return getattr(import_module(f"visionft.checkpoint.{_HOME[name]}"), name)
