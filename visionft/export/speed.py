"""Is an exported file quicker than the one in float32? Measured in turns on this machine.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from visionft.predict.engine import Engine

_BATCHES = (1, 16)
_ROUNDS = 9
_SECONDS = 4.0  # for each size of batch, after which fewer rounds are enough
_LEAST_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Speed:
    """How quick a file is beside the same network in float32.

    Attributes:
        one: how many times as many images a second, one at a time.
        many: how many times as many in batches.
        batch: how large these are.
    """

    one: float
    many: float
    batch: int

    @property
    def is_gain(self) -> bool:
        """Whether it is quicker one way or the other."""
        return max(self.one, self.many) > 1

    def __str__(self) -> str:
        return f"{self.one:.2f} times as fast as in float32 with one image, {self.many:.2f} times with {self.batch}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


def compare_speed(engine: Engine, plain: Engine) -> Speed:
    """Time two files of one network in turns.

    Args:
        engine: the file.
        plain: the one in float32.
    """
    one, many = (_ratio(engine, plain, batch) for batch in _BATCHES)
    return Speed(one, many, _BATCHES[-1])


def _ratio(engine: Engine, plain: Engine, batch: int) -> float:
    size = engine.spec.input
    images_BHW3 = np.random.default_rng(0).integers(0, 256, (batch, size.height, size.width, 3), dtype=np.uint8)
    engines = (engine, plain)
    for each in engines:
        each.run(images_BHW3)  # the first run allocates
    times: tuple[list[float], list[float]] = ([], [])
    begin = perf_counter()
    while len(times[0]) < _LEAST_ROUNDS or (len(times[0]) < _ROUNDS and perf_counter() - begin < _SECONDS):
        for each, seconds in zip(engines, times, strict=True):
            start = perf_counter()
            each.run(images_BHW3)
            seconds.append(perf_counter() - start)
    return median(times[1]) / median(times[0])
