"""From a recipe's name, file or data folder to a validated Recipe."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

import visionft
from visionft.data.formats import FORMATS
from visionft.data.formats.detect import detect_format
from visionft.errors import RecipeError, UnknownName
from visionft.recipe.document import Document, Location, Origin, parse_value, read_document
from visionft.recipe.explain import explain
from visionft.recipe.schema import Recipe
from visionft.tasks import DEFAULT_TASK, TASKS, tasks_for

_OTHER_LENGTH: Mapping[str | int, str] = {"epochs": "steps", "steps": "epochs"}
_WEIGHT_WORDS = ("pretrained", "package", "none")


def load_recipe(source: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read, extend, override and validate a recipe.

    One that extends no other is laid over the shipped recipe of its task, where there is one: the defaults of a task.

    Args:
        source: a YAML file, or the name of a recipe that ships with the package.
        overrides: ``key=value`` texts such as ``optim.batch_size=16`` or ``stages.head.epochs=2``.

    Raises:
        RecipeError: with every problem, one a line, as ``file:line: key: what``.
    """
    return _validate(_override(_read(_find(source)), overrides))


def recipe_from_data(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Make the default recipe for a folder of images, a CSV manifest or a COCO JSON.

    Raises:
        RecipeError: when an override is wrong.
        DataError: when the data are of no known format.
    """
    path = Path(path)
    name = re.sub(r"[^\w.-]+", "-", path.resolve().stem).strip("-.") or "run"
    origin = Origin("command line", Path.cwd())
    task = _task_of(path, overrides)
    document = Document({"name": name, "data": {"path": str(path)}, "task": {"kind": task}}, {(): origin})
    if (default := _default_of(task)) is not None:
        document = document.merged_over(_read(default))
    return _validate(_override(document, overrides))


def _task_of(path: Path, overrides: Sequence[str]) -> str:
    """Return the task that the data are made for, or that the command line asks for."""
    asked = {key.strip(): value.strip() for key, _, value in (text.partition("=") for text in overrides)}
    if "task.kind" in asked:
        return asked["task.kind"]
    kind = asked.get("data.format", "auto")
    if kind == "auto":
        if "data.masks" not in asked and not path.exists():  # reading the data will say so
            return DEFAULT_TASK
        kind = "masks" if "data.masks" in asked else detect_format(path)
    return tasks_for(FORMATS[kind].target)[0]


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that ship with the package, by name."""
    package = Path(visionft.__file__).parent
    installed = package / "recipes"
    folder = installed if installed.is_dir() else package.parent / "recipes"  # a checkout keeps them at the top
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _find(source: str | Path) -> Path:
    path = Path(source)
    if path.is_file():
        return path
    shipped = shipped_recipes()
    if str(source) in shipped:
        return shipped[str(source)]
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        raise RecipeError(f"{source}: no such file")
    raise UnknownName("recipe", str(source), shipped, hint="give a YAML file, or see 'visionft list recipes'")


def _read(path: Path, seen: tuple[Path, ...] = ()) -> Document:
    if path.resolve() in seen:
        raise RecipeError(f"{path}: extends itself, through {' -> '.join(p.name for p in seen)}")
    document = read_document(path, _short(path))
    parent = document.data.pop("extends", None)
    if parent is None:
        section = document.data.get("task")
        default = _default_of(section.get("kind")) if isinstance(section, dict) else None
        if default is None or default.resolve() == path.resolve():
            return document
        return document.merged_over(_read(default))
    origin = document.origin(("extends",))
    document.forget(("extends",))
    if not isinstance(parent, str):
        raise RecipeError(f"{origin.place}: extends: one file name or recipe name")
    near = path.parent / parent
    try:
        return document.merged_over(_read(near if near.is_file() else _find(parent), (*seen, path.resolve())))
    except RecipeError as error:
        raise RecipeError(f"{origin.place}: extends: {error}") from error


def _default_of(kind: object) -> Path | None:
    """Return the recipe that is shipped for a task, if there is one; validating the recipe tells of unknown tasks."""
    name = TASKS[kind].default_recipe if isinstance(kind, str) and kind in TASKS else None
    return None if name is None else _find(name)


def _override(document: Document, overrides: Sequence[str]) -> Document:
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise RecipeError(f"--set {text}: write it as key=value, such as optim.batch_size=16")
        origin = Origin(f"--set {text}", Path.cwd())
        location, given = _locate(key.strip(), document), parse_value(value, origin.place)
        document.put(location, given, origin)
        if location[0] == "stages" and given is not None:
            _drop_other_length(document, location)
    return document


def _drop_other_length(document: Document, location: Location) -> None:
    """Take the recipe's length of a stage in epochs away where the command line gives one in steps, or vice versa."""
    *stage, key = location
    if len(stage) != 2 or key not in _OTHER_LENGTH:
        return
    other = (*stage, _OTHER_LENGTH[key])
    if other not in document.origins or not document.origin(other).place.startswith("--set "):
        document.put(other, None, document.origin(location))


def _locate(key: str, document: Document) -> Location:
    """Turn ``stages[1].epochs``, ``stages.1.epochs`` or ``stages.top.epochs`` into a location."""
    parts: list[str | int] = [int(p) if p.isdigit() else p for p in re.split(r"[.\[\]]+", key.strip("]")) if p]
    if parts[0] == "stages" and len(parts) > 1:
        if "stages" not in document.data:
            document.data["stages"] = Recipe().model_dump(mode="json")["stages"]
        stages = document.data["stages"]
        names = [stage.get("name") for stage in stages if isinstance(stage, dict)] if isinstance(stages, list) else []
        if isinstance(parts[1], str):
            if parts[1] not in names:
                raise UnknownName("stage", parts[1], map(str, names), where=f"--set {key}")
            parts[1] = names.index(parts[1])
    return tuple(parts)


def _validate(document: Document) -> Recipe:
    for section, key in (("data", "path"), ("backbone", "weights")):
        _resolve_path(document, section, key)
    try:
        return Recipe.model_validate(document.data)
    except ValidationError as error:
        raise RecipeError("\n".join(explain(error, document))) from None


def _resolve_path(document: Document, section: str, key: str) -> None:
    """Make a path absolute: relative to the recipe file, or to the working folder on the command line."""
    holder = document.data.get(section)
    value = holder.get(key) if isinstance(holder, dict) else None
    if isinstance(holder, dict) and isinstance(value, str) and value not in _WEIGHT_WORDS:
        holder[key] = str((document.origin((section, key)).folder / Path(value).expanduser()).resolve())


def _short(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
