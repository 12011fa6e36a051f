"""What the terminal calls and a notebook imports. Loaded when first used: predicting needs no torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from visionft.api.building import build
    from visionft.api.checking import Check, check
    from visionft.api.converting import Converted, convert
    from visionft.api.datasets import Dataset
    from visionft.api.evaluation import evaluate
    from visionft.api.exporting import Artifact
    from visionft.api.fitting import fit
    from visionft.api.prediction import predict
    from visionft.api.probing import probe
    from visionft.api.registration import register
    from visionft.api.run import Run, open_run
    from visionft.api.training import complete, train
    from visionft.probing import ProbeResult

_HOME = {
    "Artifact": "exporting",
    "Check": "checking",
    "Converted": "converting",
    "Dataset": "datasets",
    "ProbeResult": "probing",
    "Run": "run",
    "build": "building",
    "check": "checking",
    "complete": "training",
    "convert": "converting",
    "evaluate": "evaluation",
    "fit": "fitting",
    "open_run": "run",
    "predict": "prediction",
    "probe": "probing",
    "register": "registration",
    "train": "training",
}

__all__ = [
    "Artifact",
    "Check",
    "Converted",
    "Dataset",
    "ProbeResult",
    "Run",
    "build",
    "check",
    "complete",
    "convert",
    "evaluate",
    "fit",
    "open_run",
    "predict",
    "probe",
    "register",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'visionft.api' has no attribute {name!r}")
    return getattr(import_module(f"visionft.api.{_HOME[name]}"), name)
