"""The training loop."""

from visionft.training.events import Event, Sink
from visionft.training.fit import fit
from visionft.training.inference import exact_runner

__all__ = ["Event", "Sink", "exact_runner", "fit"]
