"""The training loop."""

from visionft.training.callbacks import Callback, EpochView
from visionft.training.events import Event, Sink
from visionft.training.fit import fit
from visionft.training.inference import exact_runner
from visionft.training.optimizer import parameter_groups

__all__ = ["Callback", "EpochView", "Event", "Sink", "exact_runner", "fit", "parameter_groups"]
