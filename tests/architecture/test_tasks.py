"""A task is one folder: nothing outside ``tasks/`` names one, or the class of its targets."""

import ast
from pathlib import Path

import pytest

from visionft.tasks import TASKS, target_of

ROOT = Path(__file__).parents[2]
# these make or are what tasks learn from; they name classes of targets, but no task
ANNOTATING = ("visionft/data/targets/", "visionft/data/formats/", "visionft/data/writers/", "visionft/data/raw_")
OUTSIDE = [path for path in sorted((ROOT / "visionft").rglob("*.py")) if "tasks" not in path.relative_to(ROOT).parts]
COCO_KEY = "segmentation"  # a key of COCO's files, and no task, where these are read and written
TARGETS = {target_of(kind).__name__ for kind in TASKS}


def shown(path):
    return path.relative_to(ROOT).as_posix()


def names_in(tree):
    """Return (line, text) of every string that is no docstring, and of every name and import."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, alias.name


def found_in(path, text, kinds):
    annotating = shown(path).startswith(ANNOTATING)
    words = set(kinds) | (set() if annotating else TARGETS)
    if annotating:
        words -= {COCO_KEY}
    return [f"{shown(path)}:{line}: {name}" for line, name in names_in(ast.parse(text)) if name in words]


def test_there_are_targets_to_look_for():
    assert len(TARGETS) >= 4


def test_no_module_outside_tasks_names_a_task_or_its_targets():
    kinds = set(TASKS)
    assert [line for path in OUTSIDE for line in found_in(path, path.read_text(encoding="utf-8"), kinds)] == []


@pytest.mark.parametrize(
    "text",
    [
        'if kind == "detection": pass',
        'KINDS = ("classification",)',
        "from visionft.data.targets.label import Label",
        "isinstance(target, targets.Label)",
    ],
)
def test_the_rule_above_finds(text):
    assert len(found_in(ROOT / "visionft/api/new.py", text, TASKS)) == 1


def test_the_rule_above_lets_prose_pass():
    assert found_in(ROOT / "visionft/api/new.py", '"""detection"""\nx = "for detection"', TASKS) == []
