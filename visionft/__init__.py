"""visionft: adapt pretrained vision networks to your own images.

The names below are loaded when first used, so that ``import visionft`` costs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from visionft.api import (
        Artifact,
        Check,
        Converted,
        Dataset,
        ProbeResult,
        Run,
        build,
        check,
        convert,
        evaluate,
        fit,
        open_run,
        probe,
        register,
        train,
    )
    from visionft.assemble import Job
    from visionft.models.backbones import Backbone
    from visionft.predict import Predictor
    from visionft.recipe import Recipe, load_recipe
    from visionft.training import EpochView, parameter_groups

_HOME = {
    "Artifact": "visionft.api",
    "Backbone": "visionft.models.backbones",
    "Check": "visionft.api",
    "Converted": "visionft.api",
    "Dataset": "visionft.api",
    "EpochView": "visionft.training",
    "Job": "visionft.assemble",
    "Predictor": "visionft.predict",
    "ProbeResult": "visionft.api",
    "Recipe": "visionft.recipe",
    "Run": "visionft.api",
    "build": "visionft.api",
    "check": "visionft.api",
    "convert": "visionft.api",
    "evaluate": "visionft.api",
    "fit": "visionft.api",
    "load_recipe": "visionft.recipe",
    "open_run": "visionft.api",
    "parameter_groups": "visionft.training",
    "probe": "visionft.api",
    "register": "visionft.api",
    "train": "visionft.api",
}

__all__ = [
    "Artifact",
    "Backbone",
    "Check",
    "Converted",
    "Dataset",
    "EpochView",
    "Job",
    "Predictor",
    "ProbeResult",
    "Recipe",
    "Run",
    "build",
    "check",
    "convert",
    "evaluate",
    "fit",
    "load_recipe",
    "open_run",
    "parameter_groups",
    "probe",
    "register",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'visionft' has no attribute {name!r}")
    import random  # and not above, where it would be a name of this package

    generator = random.getstate()
    try:
        return _load(name)
    finally:
        random.setstate(generator)  # libraries draw numbers when they are imported, the terminal's for one


def _load(name: str) -> Any:
    import warnings

    from visionft.distribution import both_installed, is_runtime
    from visionft.errors import NotInRuntime

    if problem := both_installed():
        warnings.warn(problem, RuntimeWarning, stacklevel=3)
    try:
        return getattr(import_module(_HOME[name]), name)
    except ModuleNotFoundError as error:
        if is_runtime():
            raise NotInRuntime(f"visionft.{name}") from error
        raise
