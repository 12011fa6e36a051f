"""What was found out about networks, kept in the user's cache folder, so that no check builds the same one again.

It only saves time: what is not there, or cannot be read, is found out anew, and what cannot be written is not missed.
"""

import json
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import visionft
from visionft.api.facts import versions
from visionft.assemble.sizing import Sizing
from visionft.atomic import read_json, write_json
from visionft.errors import CheckpointError
from visionft.models.backbones.names import is_of_library
from visionft.models.heads import HEADS
from visionft.recipe import Recipe
from visionft.spec import InputSpec
from visionft.stages import height_and_width
from visionft.tasks import TASKS
from visionft.user_cache import user_cache

_MOST = 500  # networks in the file; the oldest go
_UNREADABLE = (CheckpointError, RuntimeError, KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What is known of a network that was built, whose stages' canvases it took, and whose export worked.

    Attributes:
        input: what the weights were made for, at the size of the images to come.
        groups: names of the depth groups that the head leaves to train, shallow to deep.
    """

    input: InputSpec
    groups: tuple[str, ...]


def network_key(recipe: Recipe, sizing: Sizing, *, with_head: bool) -> str | None:
    """Return a short name for all that the facts depend on; the number of classes is nothing of that.

    Args:
        recipe: names backbone, head and canvases.
        sizing: what the data have decided.
        with_head: whether there are data, and so a head and an export.

    Returns:
        None where the network is a program's own or its weights lie in a file, which may change without a trace, and
        where transforms must be tried on the canvas as well.
    """
    backbone, task = recipe.backbone, recipe.task
    ours = task.kind in TASKS.shipped and task.head in (None, *HEADS.shipped)
    extra = any(recipe.extra_transforms(stage) for stage in recipe.stages)
    if backbone.weights not in ("pretrained", "none") or not is_of_library(backbone.name) or not ours or extra:
        return None
    asked = {
        "backbone": [backbone.name, backbone.drop_path],
        "sizes": [sizing.size, *(stage.image_size and height_and_width(stage.image_size) for stage in recipe.stages)],
        "head": [asdict(task), dict(sizing.arguments), recipe.export.try_first] if with_head else None,
    }
    return sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def known_facts(key: str) -> NetworkFacts | None:
    """Return what was kept under a key by these versions of everything; None for nothing."""
    with suppress(*_UNREADABLE):
        found = _kept()[key]
        groups = tuple(found["groups"])
        if all(isinstance(name, str) for name in groups):
            return NetworkFacts(InputSpec.from_dict(found["input"]), groups)
    return None


def keep_facts(key: str, facts: NetworkFacts) -> None:
    """Keep what was found out; of two processes that do so at once, one may do it in vain."""
    kept: dict[str, Any] = {}
    with suppress(*_UNREADABLE):
        kept = dict(_kept())
    kept.pop(key, None)
    newest = list(kept.items())[1 - _MOST :]
    with suppress(CheckpointError, RuntimeError, OSError):
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"made_by": _made_by(), "networks": dict([*newest, (key, asdict(facts))])})


def _kept() -> Mapping[str, Any]:
    """Return everything in the file that the same code and libraries have found out."""
    content = read_json(_path())
    networks: Mapping[str, Any] = content["networks"]
    return networks if content["made_by"] == _made_by() else {}


def _made_by() -> dict[str, Any]:
    """Return what the facts may change with: libraries, and the code of this package, which may be a checkout."""
    code = sorted(path.stat().st_mtime_ns for path in Path(visionft.__file__).parent.rglob("*.py"))
    return {**versions(), "python": platform.python_version(), "code": [len(code), code[-1]]}


def _path() -> Path:
    """Return where the file is.

    Raises:
        RuntimeError: when there is no home.
    """
    return user_cache() / "networks.json"
