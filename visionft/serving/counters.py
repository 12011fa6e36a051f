"""What a server tells of itself, as Prometheus reads it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_IMAGES = (1, 2, 4, 8, 16, 32)
_PAGE = 4096  # bytes; what Linux counts memory in here


class Histogram:
    """Counts values by the bounds that they do not exceed.

    Args:
        bounds: ascending.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._counts = dict.fromkeys(bounds, 0)
        self._number = 0
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        for bound in self._counts:
            self._counts[bound] += value <= bound
        self._number += 1
        self._sum += value

    def lines(self, name: str) -> Iterator[str]:
        """Yield the lines of a metric of this name."""
        for bound, count in self._counts.items():
            yield f'{name}_bucket{{le="{bound}"}} {count}'
        yield f'{name}_bucket{{le="+Inf"}} {self._number}'
        yield f"{name}_sum {self._sum}"
        yield f"{name}_count {self._number}"


class Counters:
    """Of one server; all are changed in its event loop.

    Attributes:
        answers: status of HTTP -> requests.
        images: how many were predicted.
        running: requests that are read, wait or run.
        seconds: from a request's headers to its answer, of those that were answered with predictions.
        batches: images of each run of the network.
    """

    def __init__(self) -> None:
        self.answers: Counter[int] = Counter()
        self.images = 0
        self.running = 0
        self.seconds = Histogram(_SECONDS)
        self.batches = Histogram(_IMAGES)

    def text(self) -> str:
        """Return all of them. Source: Prometheus, text-based format 0.0.4."""
        gauges: Mapping[str, tuple[str, float]] = {
            "visionft_requests_running": ("Requests that are read, wait or run.", self.running),
            "process_resident_memory_bytes": ("Memory of the process.", _resident_bytes()),
        }
        lines = ["# HELP visionft_requests_total Requests by their status.", "# TYPE visionft_requests_total counter"]
        lines += [f'visionft_requests_total{{status="{status}"}} {n}' for status, n in sorted(self.answers.items())]
        lines += ["# HELP visionft_images_total Images that were predicted.", "# TYPE visionft_images_total counter"]
        lines.append(f"visionft_images_total {self.images}")
        for name, (told, value) in gauges.items():
            lines += [f"# HELP {name} {told}", f"# TYPE {name} gauge", f"{name} {value}"]
        for name, told, histogram in (
            ("visionft_request_seconds", "Time of requests that got predictions.", self.seconds),
            ("visionft_batch_images", "Images of each run of the network.", self.batches),
        ):
            lines += [f"# HELP {name} {told}", f"# TYPE {name} histogram", *histogram.lines(name)]
        return "\n".join(lines) + "\n"


def _resident_bytes() -> int:
    """Return the memory of this process, 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0
