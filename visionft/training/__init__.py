"""The training loop."""

from visionft.training.events import Event, Sink
from visionft.training.fit import fit
from visionft.training.inference import run_network

__all__ = ["Event", "Sink", "fit", "run_network"]
