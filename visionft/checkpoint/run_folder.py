"""One run on disk.

runs/solar_cells-001/
    recipe.yaml           the resolved recipe; can be run again
    run.json              what ran, on what, and how far it came
    events.jsonl          one line per epoch, stage and notable event
    training.lock         which process trains in it, while one does
    checkpoints/          the two newest states, for --resume; gone when the run is finished
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
from visionft.checkpoint.lock import LOCK
from visionft.checkpoint.store import CheckpointStore, require_there
from visionft.errors import CheckpointError, DataError
from visionft.recipe import Recipe, load_recipe, recipe_to_yaml
from visionft.spec import ModelSpec

ROOT = Path("runs")
_RECIPE = "recipe.yaml"


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
        return cls.begin(cls.reserve(recipe.name, out), recipe)

    @classmethod
    def reserve(cls, name: str, out: Path | None = None) -> Path:
        """Make the folder of a new run; arguments and errors as of ``create``."""
        try:
            if out is None:
                return _next_free(name)
            out.mkdir(parents=True, exist_ok=True)
            cls.require_free(out)
        except OSError as error:
            raise DataError(
                f"{out or error.filename}: cannot be written: {error.strerror}; choose another --out (out, path)"
            ) from error
        return out

    @classmethod
    def begin(cls, path: Path, recipe: Recipe) -> "RunFolder":
        """Store the recipe in a folder that was reserved; errors as of ``create``."""
        cls.require_free(path)
        try:
            folder = cls(path)
            folder.write_recipe(recipe)
        except CheckpointError as error:
            raise DataError(f"{error}; choose another --out (out, path)") from error
        return folder

    @staticmethod
    def require_free(path: Path) -> None:
        """Check that a run folder can be made.

        Raises:
            DataError: when there is something in it.
        """
        if path.is_dir() and any(entry.name != LOCK for entry in path.iterdir()):
            raise DataError(
                f"{path}: is not empty; use --resume (resume=True) to go on with a run, or another --out (out, path)"
            )

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Open an existing run.

        Raises:
            CheckpointError: when the folder holds no run.
        """
        if not (path / _RECIPE).is_file():
            raise CheckpointError(f"{path}: not a run folder (it has no recipe.yaml)")
        return cls(path)

    @staticmethod
    def of_name(name: str) -> "list[RunFolder]":
        """Return every run ``runs/NAME-NNN``, the newest first."""
        numbered = sorted(_numbered(name).items(), reverse=True)
        return [RunFolder(path) for _, path in numbered if (path / _RECIPE).is_file()]

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe that the run was started with."""
        return load_recipe(self.path / _RECIPE)

    def write_recipe(self, recipe: Recipe) -> None:
        """Put another recipe in the place of the one that the run was started with."""
        write_text(self.path / _RECIPE, recipe_to_yaml(recipe))

    @property
    def moved_to(self) -> tuple[str, ...]:
        """Where the data were found later on, the last place last."""
        return tuple(move["to"] for move in self.info.get("moved", ()))

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
        require_there(self.path)
        write_json(self.path / "run.json", self.info | facts)

    @property
    def finished(self) -> bool:
        """Whether training came to its end."""
        return self.info.get("status") == "finished"

    def write_model(self, weights: Mapping[str, Tensor], spec: ModelSpec) -> None:
        """Store the finished network."""
        require_there(self.path)
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
    """Make the folder behind the last; another run may be making it at this moment."""
    while True:
        path = ROOT / f"{name}-{max(_numbered(name), default=0) + 1:03d}"
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            if not path.is_dir():  # runs, or this very name, is a file
                raise
        else:
            return path
