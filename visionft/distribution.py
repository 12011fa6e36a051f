"""Which of the two distributions is installed: the whole package, or ``visionft-runtime``, which only predicts."""

from pathlib import Path

MARK = "RUNTIME"
"""A file that only ``visionft-runtime`` brings."""

_HERE = Path(__file__).parent


def is_runtime() -> bool:
    """Return whether only what predicts is installed."""
    return _is_marked() and not _has_whole()


def distribution_name() -> str:
    """Return what pip calls what is installed."""
    return "visionft-runtime" if is_runtime() else "visionft"


def both_installed() -> str:
    """Return what is wrong where one distribution was installed over the other; empty where nothing is."""
    if not (_is_marked() and _has_whole()):
        return ""
    return (
        f"visionft and visionft-runtime are both installed in {_HERE}, where each has overwritten files of the other; "
        "pip uninstall visionft visionft-runtime, then install the one that is needed"
    )


def _is_marked() -> bool:
    return (_HERE / MARK).is_file()


def _has_whole() -> bool:
    return (_HERE / "training").is_dir()
