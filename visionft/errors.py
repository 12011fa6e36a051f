"""The exception tree, by audience: each class says who can mend the problem.

Every message reads *where: what was found; what is allowed or what to do*, and every class carries the exit
code that the terminal uses. Anything outside this tree is a bug and shows its traceback.

    VisionftError
    ├── RecipeError       the recipe file or a --set override is wrong
    │   └── UnknownName   a name that no catalog, model library or folder knows
    ├── DataError         images, labels or splits are wrong
    │   └── ImageError    one image file cannot be used
    ├── WeightsError      pretrained weights cannot be had or do not fit
    ├── CheckpointError   a run folder or checkpoint is damaged or of another kind
    ├── TrainingError     training cannot go on (exit code 1)
    ├── Interrupted       a signal came; the state has been saved (exit code 128 + signal)
    ├── ExportError       an exported file fails its gate (exit code 1)
    ├── OutputError       results cannot be printed (exit code 1)
    ├── MissingExtra      an optional package is not installed
    └── NotInRuntime      the distribution that only predicts is asked for something else
"""

from collections.abc import Iterable
from difflib import get_close_matches

from visionft.distribution import distribution_name


class VisionftError(Exception):
    """Base of everything this package raises on purpose."""

    exit_code = 2


class RecipeError(VisionftError):
    """The recipe is wrong; the message lists every problem found, one a line, as ``file:line: key: what``."""


class UnknownName(RecipeError):
    """A name that is not known, with the closest ones that are.

    Args:
        what: the kind of thing that was looked up, such as ``backbone``.
        name: the name that was not found.
        known: every name that would have been accepted.
        hint: what to do when no known name is close.
        where: the file, key or option that holds the name.
    """

    def __init__(self, what: str, name: str, known: Iterable[str], hint: str = "", where: str = "") -> None:
        names = sorted(known)
        close = get_close_matches(name, names, n=3, cutoff=0.6)
        if close:
            advice = f"close: {', '.join(close)}"
        elif len(names) <= 12:
            advice = f"known: {', '.join(names)}" if names else hint
        else:
            advice = hint or f"there are {len(names)} known names"
        prefix = f"{where}: " if where else ""
        super().__init__(f"{prefix}{what} {name!r}: no such {what}; {advice}")


class DataError(VisionftError):
    """Images, labels or splits are wrong."""


class ImageError(DataError):
    """One image file cannot be used; the message is the reason, without the path."""


class WeightsError(VisionftError):
    """Pretrained weights cannot be had or do not fit the network."""


class CheckpointError(VisionftError):
    """A run folder or checkpoint is missing, damaged or of another kind."""


class TrainingError(VisionftError):
    """Training cannot go on; the last good state has been saved."""

    exit_code = 1


class Interrupted(VisionftError):
    """Training was interrupted by a signal, after its state was saved.

    Args:
        signal_number: 2 for SIGINT, 15 for SIGTERM, 1 for SIGHUP.
        message: what was saved and how to go on.
    """

    def __init__(self, signal_number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


class ExportError(VisionftError):
    """An exported file does not give the network's answers, so it was not written."""

    exit_code = 1


class OutputError(VisionftError):
    """Results cannot be printed: standard output is closed, or its disk is full."""

    exit_code = 1


class MissingExtra(VisionftError):
    """An optional package is not installed.

    Args:
        package: the distribution that is missing.
        extra: the extra of visionft that brings it.
        purpose: what it is needed for.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package!r}; pip install '{distribution_name()}[{extra}]'")


class NotInRuntime(VisionftError, ImportError):
    """Only ``visionft-runtime`` is installed, which predicts, and something else is asked of it.

    Args:
        what: that is asked for.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: needs the whole package; only visionft-runtime is installed, which predicts, serves and measures "
            "speed: pip uninstall visionft-runtime, then pip install visionft"
        )
