"""How the values of a data set's image files are read: as the user says, or as the training images show, once.

Eight bits need nothing said. Of files with more, the largest value of the training images tells how many bits the
camera has; a fourth channel that is hardly opacity is asked about.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from visionft.data.naming import counted, some
from visionft.data.records import Problem
from visionft.imaging.levels import Seen, bits_of
from visionft.spec import Alpha, Reading

Range = Literal["auto", "bits"] | int | tuple[float, float]
"""``auto``, ``bits`` for the full scale of 16 bits, a number of bits, or the values of black and white."""


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What the user says about values.

    Attributes:
        range: which values of files with more than 8 bits are black and white.
        alpha: what a fourth channel is; None asks where it is hardly opacity.
    """

    range: Range = "auto"
    alpha: Alpha | None = None

    @property
    def stated(self) -> Reading:
        """How values are read as far as it is said: in auto, by full scale."""
        return Reading(_stated_range(self.range), self.alpha or "composite")


def _stated_range(option: Range) -> tuple[float, float] | None:
    if isinstance(option, str):
        return None
    return (0.0, float((1 << option) - 1)) if isinstance(option, int) else (float(option[0]), float(option[1]))


def resolve_reading(
    options: ReadingOptions, seen: Mapping[str, Seen], is_training: Callable[[str], bool], problems: list[Problem]
) -> Reading:
    """Decide how values are read.

    Args:
        options: what the user says.
        seen: sample id -> what its values tell.
        is_training: says of an id whether the image trains.
        problems: grows by what is decided, and by what has to be asked, which is fatal.
    """
    _judge_alpha(options, seen, problems)
    deep = {name: one.high for name, one in seen.items() if one.high is not None}
    stated = options.stated
    if options.range != "auto":
        if not deep and not isinstance(options.range, str):
            what = "says nothing here: all images have 8 bits, which are read as they are"
            problems.append(Problem("data.range", what))
        _tell_cut_off(stated, deep, problems)
        return stated
    training = [high for name, high in deep.items() if is_training(name)]
    bits = bits_of(max(training, default=float("inf")))
    if bits == 16:
        return stated
    top = (1 << bits) - 1
    what = (
        f"the {counted(len(training), 'training image', 'training images')} of more than 8 bits hold values up to "
        f"{max(training):g}, so they are read as {bits} bits: 0 to {top}; data.range: bits takes the full scale of 16"
    )
    problems.append(Problem("data.range", what))
    reading = Reading((0.0, float(top)), stated.alpha)
    _tell_cut_off(reading, deep, problems)
    return reading


def _tell_cut_off(reading: Reading, deep: Mapping[str, float], problems: list[Problem]) -> None:
    if reading.range is None:
        return
    beyond = sorted(name for name, high in deep.items() if high > reading.range[1])
    if beyond:
        what = (
            f"{counted(len(beyond), 'image holds', 'images hold')} values beyond {reading.range[1]:g}, which are white"
        )
        problems.append(Problem("data.range", f"{what}: {some(beyond)}"))


def _judge_alpha(options: ReadingOptions, seen: Mapping[str, Seen], problems: list[Problem]) -> None:
    with_alpha: Sequence[str] = sorted(name for name, one in seen.items() if one.alpha != "none")
    odd = [name for name in with_alpha if seen[name].alpha == "odd"]
    if not odd or options.alpha is not None:
        return
    what = (
        f"{len(odd)} of {counted(len(with_alpha), 'image', 'images')} with a fourth channel do not look as if it were "
        f"opacity: {some(odd, 3)}; if it is something else, such as near infrared, set data.alpha: ignore; if it is "
        "opacity, set data.alpha: composite"
    )
    problems.append(Problem("data.alpha", what, fatal=2 * len(odd) >= len(with_alpha)))
