"""One run on disk.

runs/solar_cells-001/
    recipe.yaml           the resolved recipe; can be run again
    run.json              what ran, on what, and how far it came
    events.jsonl          one line per epoch, stage and notable event
    checkpoints/          the two newest states, for --resume
    model.safetensors     the finished network
    spec.json             what the network is
    metrics.json          metrics of the finished network
    report.html           the page to look at
    model.onnx            the exported file
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from visionft.atomic import read_json, write_json, write_tensors, write_text
from visionft.checkpoint.store import CheckpointStore
from visionft.errors import CheckpointError, DataError
from visionft.recipe import Recipe, load_recipe, recipe_to_yaml
from visionft.spec import ModelSpec

ROOT = Path("runs")


class RunFolder:
    """Reads and writes the files of one run.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = CheckpointStore(path / "checkpoints")

    @classmethod
    def create(cls, recipe: Recipe, out: Path | None = None) -> "RunFolder":
        """Make a new run folder and store the recipe in it.

        Args:
            recipe: what will run.
            out: the folder; none takes the next free ``runs/NAME-NNN``.

        Raises:
            DataError: when the folder exists already or cannot be written.
        """
        path = out or _next_free(recipe.name)
        try:
            path.mkdir(parents=True, exist_ok=out is not None)
            cls.require_free(path)
            write_text(path / "recipe.yaml", recipe_to_yaml(recipe))
        except OSError as error:
            raise DataError(f"{path}: cannot be written: {error.strerror}; choose another --out (out, path)") from error
        except CheckpointError as error:
            raise DataError(f"{error}; choose another --out (out, path)") from error
        return cls(path)

    @staticmethod
    def require_free(path: Path) -> None:
        """Check that a run folder can be made.

        Raises:
            DataError: when there is something in it.
        """
        if path.is_dir() and any(path.iterdir()):
            raise DataError(
                f"{path}: is not empty; use --resume (resume=True) to go on with a run, or another --out (out, path)"
            )

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Open an existing run.

        Raises:
            CheckpointError: when the folder holds no run.
        """
        if not (path / "recipe.yaml").is_file():
            raise CheckpointError(f"{path}: not a run folder (it has no recipe.yaml)")
        return cls(path)

    @staticmethod
    def latest(name: str) -> Path | None:
        """Return the newest ``runs/NAME-NNN``, if there is one."""
        numbered = _numbered(name)
        return numbered[max(numbered)] if numbered else None

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe that the run was started with."""
        return load_recipe(self.path / "recipe.yaml")

    @property
    def info(self) -> dict[str, Any]:
        """What is in run.json; empty before anything was recorded."""
        path = self.path / "run.json"
        facts = read_json(path) if path.is_file() else {}
        if not isinstance(facts, dict):
            raise CheckpointError(f"{path}: not readable: it holds no facts")
        return facts

    def record(self, **facts: Any) -> None:
        """Add facts to run.json."""
        write_json(self.path / "run.json", self.info | facts)

    @property
    def finished(self) -> bool:
        """Whether training came to its end."""
        return self.info.get("status") == "finished"

    def write_model(self, weights: Mapping[str, Tensor], spec: ModelSpec) -> None:
        """Store the finished network."""
        write_tensors(self.path / "model.safetensors", weights)
        write_text(self.path / "spec.json", spec.to_json())

    def read_model(self) -> tuple[dict[str, Tensor], ModelSpec]:
        """Load the finished network.

        Raises:
            CheckpointError: when training has not finished, or a file is damaged.
        """
        path = self.path / "model.safetensors"
        if not path.is_file():
            raise CheckpointError(f"{self.path}: training has not finished; go on with it: --resume (resume=True)")
        try:
            weights = load_file(path)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path}: not readable: {error}") from error
        return weights, self._read_spec()

    def _read_spec(self) -> ModelSpec:
        path = self.path / "spec.json"
        try:
            return ModelSpec.from_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, CheckpointError) as error:
            raise CheckpointError(f"{path}: not readable: {error}") from error


def _numbered(name: str) -> dict[int, Path]:
    pattern = re.compile(re.escape(name) + r"-(\d+)")
    return {int(match[1]): path for path in ROOT.glob("*") if (match := pattern.fullmatch(path.name))}


def _next_free(name: str) -> Path:
    return ROOT / f"{name}-{max(_numbered(name), default=0) + 1:03d}"
