"""What a measurement of exported files has found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

PERCENTILES = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class BenchRow:
    """An exported file with some threads and a size of batches.

    Attributes:
        model: path as given, or found in a run folder.
        runtime: what runs it, as engines are called.
        threads: CPU threads of a run; None is the runtime's own choice.
        batch: images of a run.
        seconds: of each run that counts, in the order of measuring.
        loading_seconds: until the file was opened.
        size_bytes: of the file, or of all in the folder.
        peak_bytes: most memory that a process held which did nothing but open the file and run it with these threads
            and all sizes of batches, Python and the runtime included; None where the system does not tell.
        metrics: name -> value of the same file on images; empty where none were measured.
        problem: why it could not be measured; empty where it could.
    """

    model: str
    runtime: str
    threads: int | None
    batch: int
    seconds: tuple[float, ...] = ()
    loading_seconds: float = 0.0
    size_bytes: int = 0
    peak_bytes: int | None = None
    metrics: Mapping[str, float] | None = None
    problem: str = ""

    def milliseconds(self, percentile: float) -> float:
        """Return by which time so many per cent of the runs were done."""
        return float(np.percentile(self.seconds, percentile)) * 1e3

    @property
    def images_per_second(self) -> float:
        """Images of all runs over the time of all runs."""
        return self.batch * len(self.seconds) / sum(self.seconds)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: percentiles of milliseconds instead of the single runs."""
        plain = asdict(replace(self, metrics=dict(self.metrics or {})))
        del plain["seconds"]
        if not self.seconds:
            return plain
        speeds = {f"p{percent}_ms": round(self.milliseconds(percent), 4) for percent in PERCENTILES}
        return {**plain, "runs": len(self.seconds), **speeds, "images_per_second": round(self.images_per_second, 3)}


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Exported files, measured in the same minutes on the same machine.

    Attributes:
        rows: by file, threads and batch, as asked for.
        metric: name of the first score, which the picture shows; empty where none was measured.
        metric_title: what people call it.
        measured_on: the images of the metrics; empty where there are none.
        machine: hardware, system, and versions of what ran.
        rounds: that are complete.
        asked_rounds: that were asked for; more where somebody interrupted the measurement.
        remarks: what a reader should know.
    """

    rows: Sequence[BenchRow]
    machine: Mapping[str, Any]
    rounds: int
    asked_rounds: int
    metric: str = ""
    metric_title: str = ""
    measured_on: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def interrupted(self) -> bool:
        """Whether it was ended before all rounds were done."""
        return self.rounds < self.asked_rounds

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "machine": dict(self.machine),
            "rounds": self.rounds,
            "asked_rounds": self.asked_rounds,
            "metric": self.metric,
            "measured_on": self.measured_on,
            "remarks": list(self.remarks),
            "rows": [row.to_dict() for row in self.rows],
        }
