"""Where training stands: everything about a run that is not a tensor, ready for JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any

from visionft.errors import CheckpointError


@dataclass(slots=True)
class Best:
    """The best validation of the current stage so far.

    Attributes:
        value: the selection value; see ``better``.
        epoch: epoch of the run it was seen at, 0 when it is the stage before's.
        step: optimizer steps done in the run by then.
        val: all validation values.
    """

    value: float
    epoch: int
    step: int
    val: dict[str, float]


@dataclass(slots=True)
class Progress:
    """Counters and history of a run.

    Attributes:
        stage: index of the current stage.
        step: optimizer steps tried in the run.
        stage_step: optimizer steps tried in the stage.
        epoch: epochs finished in the run.
        stage_epoch: epochs finished in the stage.
        batch: batches consumed of the current epoch.
        loss_sum: sum of step losses in the current epoch.
        loss_count: steps in that sum.
        images_per_second: training speed of the last epoch.
        stale: epochs of the stage since the best one.
        skipped: non-finite steps in the run.
        skipped_in_a_row: non-finite steps since the last good one.
        stage_seconds: wall-clock seconds spent in the stage.
        best: best validation of the stage so far.
        history: one row per epoch.
        results: one entry per finished stage.
        stage_stopped: why a callback has ended the stage; empty while none has.
        run_stopped: why a callback has ended the run with this stage; empty while none has.
    """

    stage: int = 0
    step: int = 0
    stage_step: int = 0
    epoch: int = 0
    stage_epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    images_per_second: float = 0.0
    stale: int = 0
    skipped: int = 0
    skipped_in_a_row: int = 0
    stage_seconds: float = 0.0
    best: Best | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    stage_stopped: str = ""
    run_stopped: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Progress":
        """Read what ``to_json`` gave.

        Raises:
            CheckpointError: when the data is of another version.
        """
        try:
            best = data.pop("best")
            return cls(best=None if best is None else Best(**best), **data)
        except (TypeError, KeyError) as error:
            raise CheckpointError(f"progress.json: written by another version of visionft ({error})") from error

    @property
    def mean_loss(self) -> float | None:
        """Mean step loss of the current epoch; none before its first good step."""
        return self.loss_sum / self.loss_count if self.loss_count else None

    def end_epoch(self) -> None:
        """Count an epoch and start the next one from its first batch."""
        self.epoch += 1
        self.stage_epoch += 1
        self.batch = 0
        self.loss_sum = 0.0
        self.loss_count = 0

    def next_stage(self) -> None:
        """Go to the next stage; its best so far is what this one ends with."""
        self.stage += 1
        self.stage_step = self.stage_epoch = self.stale = 0
        self.stage_seconds = 0.0
        self.stage_stopped = ""


def better(value: float, than: float, *, lower: bool) -> bool:
    """Return whether a value is better than an earlier one.

    Args:
        value: the value.
        than: the earlier one.
        lower: whether less is better, as of a loss.
    """
    return value < than if lower else value > than
