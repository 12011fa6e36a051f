"""The parts of the documentation that follow from the code: keys, names, recipes, commands, scores.

A page asks for one with a line ``<!-- generated: NAME ARGUMENT -->``. Nothing here loads torch.
"""

import ast
import inspect
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
import yaml

import visionft.errors
from visionft.catalog import Catalog
from visionft.cli.verbs import app
from visionft.data.formats import FORMATS
from visionft.export import WRITERS
from visionft.models.heads import HEADS
from visionft.models.losses import CLASS_LOSSES, LABEL_LOSSES, PIXEL_LOSSES, VALUE_LOSSES
from visionft.predict.engine import ENGINES
from visionft.recipe import json_schema, shipped_recipes
from visionft.stages.schedules import SCHEDULES
from visionft.tasks import TASKS
from visionft.tracking import TRACKERS

MARKER = re.compile(r"^<!-- generated: (\w+) ?([\w ./]*) -->$", re.MULTILINE)
CATALOGS: Mapping[str, Catalog] = {
    "tasks": TASKS,
    "heads": HEADS,
    "losses of classes": CLASS_LOSSES,
    "losses of labels": LABEL_LOSSES,
    "losses of pixels": PIXEL_LOSSES,
    "losses of values": VALUE_LOSSES,
    "schedules": SCHEDULES,
    "formats": FORMATS,
    "runtimes": WRITERS,
    "engines": ENGINES,
    "trackers": TRACKERS,
}
"""Heading -> what a recipe may name; optimizers and backbones are those of libraries, which list their own."""


def fill(markdown: str) -> str:
    """Return a page with what its markers ask for."""
    return MARKER.sub(lambda found: PARTS[found[1]](*found[2].split()), markdown)


def keys() -> str:
    """Describe every key of a recipe, section by section, from the schema."""
    schema = json.loads(json_schema())
    sections = {
        name: schema["$defs"][_reference(node)] for name, node in schema["properties"].items() if _reference(node)
    }
    single = {name: node for name, node in schema["properties"].items() if name not in ("task", *sections)}
    parts = ["## Of the whole run\n", *_entries("", single, ())]
    for name, node in single.items():
        for choice, options in dict(_choices(node)).items():
            if options.get("properties"):
                parts += [f"### {name}: {choice}\n", *_entries(f"{name}.{choice}.", options["properties"], ())]
    for name, node in sections.items():
        parts += [f"## {name}\n", _paragraph(node["description"]), *_section(name, node, schema)]
        if name == "input":
            parts += _tasks(schema)
    return "\n".join(parts)


def _choices(node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what a key names one of, each with the schema of its own options."""
    if node.get("maxProperties") == 1:
        yield from node.get("properties", {}).items()
    for inner in (*node.get("anyOf", ()), node.get("items")):
        if isinstance(inner, dict):
            yield from _choices(inner)


def _tasks(schema: dict[str, Any]) -> Iterator[str]:
    yield "## task\n"
    yield _paragraph(schema["properties"]["task"]["description"]) + "\n\nThe keys follow from `task.kind`.\n"
    for node in schema["properties"]["task"]["anyOf"]:
        kind = node["properties"]["kind"]["const"]
        yield f"### {kind}\n"
        yield from _section("task", node, schema, anchor=f"{kind}.")


def _section(name: str, node: dict[str, Any], schema: dict[str, Any], anchor: str = "") -> Iterator[str]:
    defaults = {key: value["default"] for key, value in node["properties"].items() if "default" in value}
    yield ""
    yield from _entries(f"{name}.", _flat(node, schema), node.get("required", ()), anchor)
    if name == "stages":
        stages = schema["properties"]["stages"]["default"]
        defaults = [{key: value for key, value in stage.items() if value is not None} for stage in stages]
    shown = yaml.safe_dump({name: defaults}, sort_keys=False, default_flow_style=None, width=90)
    yield f'??? example "The defaults as a recipe"\n\n    ```yaml\n{_indented(shown)}\n    ```\n'


def _flat(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a section, those of a section inside it as ``inner.key``."""
    found = {}
    for key, value in node["properties"].items():
        inner = _reference(value)
        parts = _flat(schema["$defs"][inner], schema) if inner else {}
        found |= {f"{key}.{name}": part for name, part in parts.items()} if inner else {key: value}
    return found


def _entries(prefix: str, properties: dict[str, Any], required: Collection[str], anchor: str = "") -> Iterator[str]:
    for key, node in properties.items():
        words = _words(node, _heads_of(anchor.removesuffix(".")) if key == "head" else None)
        facts = [words, f"default {_code(node['default'])}" if "default" in node and "const" not in node else ""]
        facts += ["required"] if key in required else []
        title = f"{prefix}{key}"
        yield " · ".join([f'<span id="{anchor}{title}">**`{title}`**</span>', *filter(None, facts)])
        yield f":   {_linked(node.get('description', ''))}\n"


def _words(node: dict[str, Any], names: list[str] | None = None) -> str:
    """Say in words what a schema allows."""
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(_words(option, names) for option in node["anyOf"]))
    if "enum" in node:
        allowed = node["enum"] if names is None else names
        catalog = next((what for what, catalog in CATALOGS.items() if list(catalog) == node["enum"]), None)
        shown = ", ".join(map(_code, allowed))
        if catalog is None:
            return shown
        link = f"[{catalog}](names.md#{anchor(catalog)})"
        return f"{link}: {shown}" if len(allowed) < 12 else f"one of the {link}"
    if "const" in node:
        return _code(node["const"])
    kind = node.get("type", "any")
    if kind == "array":
        if "prefixItems" in node:
            inner = [_words(item) for item in node["prefixItems"]]
            return f"{len(inner)} × {inner[0]}" if len(set(inner)) == 1 else f"[{', '.join(inner)}]"
        return f"list of {_grouped(node['items'])}"
    if node.get("maxProperties") == 1 and "properties" in node:
        return "one of these with its options"
    if kind == "object":
        inner = node.get("additionalProperties")
        named = _words(node["propertyNames"]) if "propertyNames" in node else "name"
        return f"mapping from {named} to {_grouped(inner)}" if isinstance(inner, dict) else "mapping"
    words = {"string": "path" if node.get("format") == "path" else "text", "null": "none", "boolean": "true or false"}
    return words.get(kind, kind) + _limits(node)


def _grouped(node: dict[str, Any]) -> str:
    words = _words(node)
    return f"({words})" if " or " in words else words


def _limits(node: dict[str, Any]) -> str:
    if "minimum" in node and "maximum" in node:
        return f" from {node['minimum']:g} to {node['maximum']:g}"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = ", ".join(f"{sign} {node[name]:g}" for name, sign in signs.items() if name in node)
    return f" {limits}" if limits else ""


def _heads_of(kind: str) -> list[str] | None:
    """Return the heads that say of themselves that they give what a task predicts."""
    if kind not in TASKS:
        return None
    return [name for name in HEADS if _attribute(HEADS.target(name), "predicts") == TASKS[kind].predicts]


def names() -> str:
    """Describe every name that a recipe may use, by what its class says of itself."""
    parts = []
    for what, catalog in CATALOGS.items():
        parts.append(f"## {what}\n")
        for name in catalog:
            parts += [
                f'<span id="{anchor(what)}.{name}">**`{name}`**</span>',
                f":   {_linked(_docstring(catalog, name))}\n",
            ]
    return "\n".join(parts)


def anchor(what: str) -> str:
    """Return what the heading of a kind of names is linked by."""
    return what.replace(" ", "-")


def _docstring(catalog: Catalog, name: str) -> str:
    found = _class(catalog.target(name))
    text = ast.get_docstring(found[1]) if found else inspect.getdoc(catalog[name])  # which a function made
    return (text or "").partition("\n\n")[0]


def _attribute(target: str, name: str) -> str | None:
    """Return a text that a class, or one that it is made from, gives to an attribute, without importing it."""
    found = _class(target)
    if found is None:
        return None
    module, tree = found
    for node in tree.body:
        where = node.target if isinstance(node, ast.AnnAssign) else None
        where = node.targets[0] if isinstance(node, ast.Assign) else where
        if isinstance(where, ast.Name) and where.id == name and isinstance(node.value, ast.Constant):
            return str(node.value.value)
    homes = {
        alias.name: node.module for node in module.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    here = target.partition(":")[0]
    bases = (f"{homes.get(base.id, here)}:{base.id}" for base in tree.bases if isinstance(base, ast.Name))
    return next((value for base in bases if (value := _attribute(base, name))), None)


def _class(target: str) -> tuple[ast.Module, ast.ClassDef] | None:
    """Return the syntax trees of the module and the class of ``"module:Class"``; None for what is not Python."""
    module, _, name = target.partition(":")
    spec = find_spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    found = next((node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name), None)
    return None if found is None else (tree, found)


def recipes() -> str:
    """Show the recipes that ship."""
    parts = []
    for name, path in shipped_recipes().items():
        parts.append(f"## {name}\n\n```yaml\n{path.read_text(encoding='utf-8').strip()}\n```\n")
    return "\n".join(parts)


def commands() -> str:
    """Describe the verbs of the terminal with their arguments."""
    parts = []
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        parts += [f"## {name}\n", f"{command.help}\n"]
        for parameter in command.params:
            option = parameter.opts[-1] if parameter.param_type_name == "option" else parameter.name.upper()
            takes = parameter.param_type_name == "option" and not parameter.is_flag
            value = f" {parameter.metavar or parameter.name.upper()}" if takes else ""
            parts += [f"`{option}{value}`", f":   {_linked(parameter.help or '')}\n"]
    return "\n".join(parts)


def scores(kind: str) -> str:
    """List what a task is measured by."""
    rows = [f"| `{score.name}` | {score.title} | {_linked(score.meaning)} |" for score in TASKS[kind].scores]
    return "\n".join(["| `--json` | on the page | meaning |", "| --- | --- | --- |", *rows])


def outputs(kind: str) -> str:
    """List what an exported file of a task puts out."""
    rows = [
        f"| `{output.name}` | {output.dtype} | {' × '.join(map(str, ('batch', *output.shape)))} |"
        for output in TASKS[kind].outputs
    ]
    return "\n".join(["| output | numbers | shape |", "| --- | --- | --- |", *rows])


def errors() -> str:
    """Show the tree of exceptions."""
    text = visionft.errors.__doc__ or ""
    return f"```text\n{text[text.index('    VisionftError') :].rstrip()}\n```"


def labels() -> str:
    """Show which labels of a program are for which task, from the docstring of its data sets."""
    found = _class("visionft.data.source:DataSource")
    lines = ast.get_docstring(found[1]).splitlines() if found else []
    first, last = (number for number, line in enumerate(lines) if line.startswith("==="))
    rows = [re.split(r"  +", line.replace("``", "`"), maxsplit=1) for line in lines[first + 1 : last]]
    return "\n".join(
        ["| a label | is learned as |", "| --- | --- |", *(f"| {label} | {target} |" for label, target in rows)]
    )


def source(path: str) -> str:
    """Show a file of the repository."""
    language = "html+jinja" if path.endswith(".j2") else "python"
    text = (Path(__file__).resolve().parents[1] / path).read_text(encoding="utf-8")
    return f'```{language} title="{path}"\n{text.rstrip()}\n```'


def _reference(node: dict[str, Any]) -> str | None:
    """Return the name of the section that a node of the schema stands for."""
    inner = node.get("items", node)
    return inner["$ref"].rsplit("/", 1)[1] if isinstance(inner, dict) and "$ref" in inner else None


def _paragraph(text: str) -> str:
    return _linked(text.partition("\n\n")[0])


def _linked(text: str) -> str:
    """Return prose of a docstring as Markdown: code, and papers as links."""
    text = text.replace("``", "`").replace("\n", " ").replace("<", "&lt;").replace("*", "\\*")
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", text)


def _code(value: Any) -> str:
    if value is None:
        return "`none`"
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())


PARTS: Mapping[str, Callable[..., str]] = {
    "keys": keys,
    "names": names,
    "recipes": recipes,
    "commands": commands,
    "scores": scores,
    "outputs": outputs,
    "errors": errors,
    "labels": labels,
    "source": source,
}
