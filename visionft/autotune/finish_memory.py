"""How much longer than estimated evaluation, page and export of finished runs took: kept in the user's cache folder.

It only makes estimates better: what is not there, or cannot be read, is estimated alone.
"""

from contextlib import suppress
from pathlib import Path

from visionft.assemble import Job
from visionft.atomic import read_json, write_json
from visionft.errors import CheckpointError
from visionft.user_cache import user_cache

_MOST = 200  # kinds of runs in the file; the oldest go
_OLD, _NEW = 0.5, 0.5  # what the runs before count for, and the last one
_LEAST, _LARGEST = 0.3, 5.0  # a machine that was busy for a while is no rule


def kind_of_run(job: Job) -> str:
    """Return what runs whose end takes alike have in common."""
    return f"{job.recipe.task.kind}, {job.network.backbone.name}, {job.runtime.device.type}"


def remembered(kind: str) -> float:
    """Return how many times as long as estimated the end of such runs took; 1 where there was none."""
    return min(_LARGEST, max(_LEAST, _kept().get(kind, 1.0)))


def remember(kind: str, ratio: float) -> None:
    """Keep how many times as long as estimated the end of a run took."""
    kept = _kept()
    before = kept.pop(kind, None)
    mean = ratio if before is None else _OLD * before + _NEW * ratio
    with suppress(CheckpointError, RuntimeError, OSError):
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, dict([*list(kept.items())[1 - _MOST :], (kind, round(mean, 3))]))


def _kept() -> dict[str, float]:
    """Return all that is there; nothing where nothing can be read."""
    with suppress(CheckpointError, RuntimeError, TypeError, ValueError):
        return {kind: float(ratio) for kind, ratio in dict(read_json(_path())).items()}
    return {}


def _path() -> Path:
    return user_cache() / "finish.json"
