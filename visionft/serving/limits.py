"""What a server takes before it says no, and how it says so."""

from dataclasses import dataclass

from visionft.errors import DataError


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How much a request, and all of them together, may ask for.

    Attributes:
        max_bytes: of a request's body, >= 1.
        max_pixels: of an image, as its header declares, >= 1.
        max_images: of a request, >= 1.
        max_requests: that are read, wait or run at one time, >= 1; more are sent away at once.
        seconds: from a request's headers to its answer, > 0.
        max_batch: images that go through the network together, >= 1.
        window: seconds that an image waits for others that are on their way, >= 0.
    """

    max_bytes: int = 20_000_000
    max_pixels: int = 50_000_000
    max_images: int = 16
    max_requests: int = 32
    seconds: float = 30.0
    max_batch: int = 8
    window: float = 0.002

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_pixels", "max_images", "max_requests", "max_batch"):
            if getattr(self, name) < 1:
                raise DataError(f"{name}: {getattr(self, name)}; 1 or more is needed")
        if not (self.seconds > 0 and self.window >= 0):
            raise DataError(f"seconds: {self.seconds}, window: {self.window}; more than 0 and 0 or more are needed")


class RefusedRequest(Exception):
    """A request that gets no prediction.

    Args:
        status: of HTTP.
        message: what was found, what is allowed or what to do.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
