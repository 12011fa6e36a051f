"""From a recipe's name, file or data folder to a validated Recipe."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import visionft
from visionft.data.formats import FORMATS
from visionft.data.formats.detect import choose_format
from visionft.data.listing import Columns, LabelOptions
from visionft.data.source import DataSource
from visionft.errors import DataError, RecipeError, UnknownName
from visionft.recipe.document import Document, Location, Origin, read_document
from visionft.recipe.explain import explain
from visionft.recipe.overrides import Override, Overrides, parse_overrides, plain, stated_values
from visionft.recipe.planned import lay_plan, leave_out_impossible
from visionft.recipe.schema import Recipe
from visionft.recipe.sections import ColumnsSection
from visionft.tasks import DEFAULT_TASK, TASKS, target_of, tasks_for

_OTHER_LENGTH: Mapping[str | int, str] = {"epochs": "steps", "steps": "epochs"}
_PATHS = (("data", "path"), ("backbone", "weights"), ("cache", "folder"))
_WEIGHT_WORDS = ("pretrained", "package", "none")


def load_recipe(source: Recipe | str | Path, overrides: Overrides = (), data: DataSource | None = None) -> Recipe:
    """Read, extend, override and validate a recipe.

    One that extends no other is laid over the shipped recipe of its task, where there is one: the defaults of a task.

    Args:
        source: a YAML file, the name of a recipe that ships with the package, or a Recipe, which stays what it is.
        overrides: ``key=value`` texts such as ``optim.batch_size=16`` or ``stages.head.epochs=2``; or a dict with such
            keys, ``{"optim.batch_size": 16}``, or a nested one, ``{"optim": {"batch_size": 16}}``.
        data: takes the place of the recipe's ``data.path``, ``format``, ``images`` and ``masks``.

    Raises:
        RecipeError: with every problem, one a line, as ``file:line: key: what``.
    """
    if isinstance(source, Recipe):
        document = Document(_stated(source), {(): Origin("recipe", Path.cwd())})
    else:
        document = _read(_find(source))
    if data is not None:
        _put_data(document, {"path": None, "format": "auto", "images": None, "masks": None} | plain(data.settings))
    return _validate(_override(document, parse_overrides(overrides)))


def recipe_from_data(data: str | Path | DataSource, overrides: Overrides = ()) -> Recipe:
    """Build a recipe that keeps to a time for a folder of images, a CSV manifest, or data handed over in Python.

    Raises:
        RecipeError: when an override is wrong.
        DataError: when the data are of no known format.
    """
    source = data if isinstance(data, DataSource) else DataSource.from_folder(data)
    parsed = parse_overrides(overrides)
    name = re.sub(r"[^\w.-]+", "-", source.name).strip("-.") or "run"
    task = _task_of(source, parsed)
    document = Document({"name": name, "task": {"kind": task}}, {(): Origin("command line", Path.cwd())})
    if (default := _default_of(task)) is not None:
        document = document.merged_over(_read(default))
    lay_plan(document)
    _put_data(document, plain(source.settings))
    document = _override(document, parsed)
    leave_out_impossible(document)
    return _validate(document)


def recipe_of_task(kind: str) -> Recipe:
    """Return what a recipe that says no more than its task is."""
    default = _default_of(kind)
    return Recipe() if default is None else _validate(_read(default))


def _stated(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as plain values, without what its task does anyway, which would be wrong for another task."""
    values = recipe.model_dump(mode="json")
    usual = {field.name for field in fields(recipe.task) if getattr(recipe.task, field.name) == field.default}
    values["task"] = {key: value for key, value in values["task"].items() if key == "kind" or key not in usual}
    return values


def _put_data(document: Document, settings: Mapping[str, Any]) -> None:
    for key, value in settings.items():
        document.put(("data", key), value, Origin("data", Path.cwd()))


def _task_of(source: DataSource, overrides: Sequence[Override]) -> str:
    """Return the task that the data are made for, or that is asked for."""
    asked = {f"data.{key}": value for key, value in source.settings.items()} | stated_values(overrides)
    if "task.kind" in asked:
        return str(asked["task.kind"])
    if source.in_memory:
        return _task_of_labels(source)
    kind, path = str(asked.get("data.format", "auto")), Path(str(asked["data.path"])).expanduser()
    if kind == "auto":
        if "data.masks" not in asked and not path.exists():  # reading the data will say so
            return DEFAULT_TASK
        images = asked.get("data.images")
        options = LabelOptions(columns=_columns(asked), images=None if images is None else str(images))
        kind = "masks" if "data.masks" in asked else choose_format(path, options=options)
    return tasks_for(FORMATS[kind].target)[0]


def _columns(asked: Mapping[str, Any]) -> Columns:
    """Return what is said about the columns of a table; nothing where it is wrong, which validation tells."""
    inner = {
        key.removeprefix("data.columns."): value for key, value in asked.items() if key.startswith("data.columns.")
    }
    whole = asked.get("data.columns")
    try:
        return ColumnsSection.model_validate({**(whole if isinstance(whole, Mapping) else {}), **inner}).options
    except ValidationError:
        return Columns()


def _task_of_labels(source: DataSource) -> str:
    tasks = {target: tasks_for(target)[0] for target in map(target_of, TASKS) if source.is_stated_by(target)}
    if not tasks:
        raise DataError(f"{source!r}: their labels do not tell what is to be learned; say it: set task.kind")
    return next(iter(tasks.values()))


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that ship with the package, by name."""
    package = Path(visionft.__file__).parent
    installed = package / "recipes"
    folder = installed if installed.is_dir() else package.parent / "recipes"  # a checkout keeps them at the top
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _find(source: str | Path) -> Path:
    path = Path(source).expanduser()
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
    near = path.parent / Path(parent).expanduser()
    try:
        return document.merged_over(_read(near if near.is_file() else _find(parent), (*seen, path.resolve())))
    except RecipeError as error:
        raise RecipeError(f"{origin.place}: extends: {error}") from error


def _default_of(kind: object) -> Path | None:
    """Return the recipe that is shipped for a task, if there is one; validating the recipe tells of unknown tasks."""
    name = TASKS[kind].default_recipe if isinstance(kind, str) and kind in TASKS else None
    return None if name is None else _find(name)


def _override(document: Document, overrides: Sequence[Override]) -> Document:
    for override in overrides:
        parts = [part for part in re.split(r"[.\[\]]+", override.key.strip("]")) if part]
        if not parts:
            raise RecipeError(f"{override.place}: a key is empty; write it as optim.batch_size")
        _lay(document, parts, override)
    return document


def _lay(document: Document, parts: Sequence[str], override: Override) -> None:
    """Put a value where some keys lead; a mapping that merges goes on to what is there already."""
    location = _locate(parts, document, f"{'overrides:' if override.merges else '--set'} {'.'.join(parts)}")
    value = override.value
    if (
        override.merges
        and isinstance(value, dict)
        and (parts == ["stages"] or isinstance(document.get(location), dict))
    ):
        for key, part in value.items():
            _lay(document, [*parts, key], override._replace(value=part))
        return
    document.put(location, value, Origin(override.place, Path.cwd(), overrides=True))
    if location[0] == "stages" and value is not None:
        _drop_other_length(document, location)


def _drop_other_length(document: Document, location: Location) -> None:
    """Take the recipe's length of a stage in epochs away where the command line gives one in steps, or vice versa."""
    *stage, key = location
    if len(stage) != 2 or key not in _OTHER_LENGTH:
        return
    other = (*stage, _OTHER_LENGTH[key])
    if other not in document.origins or not document.origin(other).overrides:
        document.put(other, None, document.origin(location))


def _locate(keys: Sequence[str], document: Document, where: str) -> Location:
    """Return the location of ``stages.1.epochs`` or ``stages.top.epochs``, given its parts."""
    parts: list[str | int] = [int(part) if part.isdigit() else part for part in keys]
    if parts[0] == "stages" and len(parts) > 1:
        if "stages" not in document.data:
            document.data["stages"] = Recipe().model_dump(mode="json")["stages"]
        stages = document.data["stages"]
        names = [stage.get("name") for stage in stages if isinstance(stage, dict)] if isinstance(stages, list) else []
        if isinstance(parts[1], str):
            if parts[1] not in names:
                raise UnknownName("stage", parts[1], map(str, names), where=where)
            parts[1] = names.index(parts[1])
    return tuple(parts)


def _validate(document: Document) -> Recipe:
    for section, key in _PATHS:
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


def absolute(recipe: Recipe) -> Recipe:
    """Return a recipe that was made in Python with paths that hold wherever it is read again."""
    changed: dict[str, Any] = {}
    for name, key in _PATHS:
        section = getattr(recipe, name)
        value = getattr(section, key)
        if value is not None and value not in _WEIGHT_WORDS and not Path(value).is_absolute():
            changed[name] = section.model_copy(update={key: type(value)(Path(value).expanduser().resolve())})
    return recipe.model_copy(update=changed) if changed else recipe


def _short(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
