"""What the documents tell a reader to type, import and open exists."""

import ast
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
import typer

import visionft
from visionft.cli.verbs import app
from visionft.recipe import load_recipe

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("benchmarks/*.md")]


def commands():
    """Return every visionft command line in a code block or between backticks, without comments and pipes."""
    text = "\n".join(re.findall(r"^(?: {4}.*|.*`.*)$", README, re.MULTILINE))
    found = re.findall(r"(?:^ {4}|`|/bin/| && )(visionft [^`\n]*)", text, re.MULTILINE)
    return [re.split(r" #| [|>&]", command)[0].strip() for command in found]


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_commands_are_found():
    assert {shlex.split(command)[1] for command in commands()} >= {"train", "check", "predict", "eval", "demo", "list"}


@pytest.mark.parametrize("command", commands())
def test_command(command):
    """The verb exists, and its parser takes the arguments."""
    verb, *arguments = shlex.split(command)[1:]
    verbs = typer.main.get_command(app).commands
    assert verb in verbs
    if arguments:
        verbs[verb].make_context(f"visionft {verb}", arguments)


@pytest.mark.parametrize("code", blocks("python"))
def test_names_in_python_exist(code):
    tree = ast.parse(code)
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("vft", "visionft")
    }
    assert used
    assert used <= set(visionft.__all__)
    methods = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "run"
    }
    assert all(hasattr(visionft.Run, name) for name in methods)


@pytest.mark.parametrize("text", blocks("yaml"))
def test_recipes_load_with_the_overrides_of_the_commands(text, tmp_path):
    path = tmp_path / "cells.yaml"
    path.write_text(text, encoding="utf-8")
    load_recipe(path)
    for command in commands():
        words = shlex.split(command)
        overrides = [word for option, word in pairwise(words) if option == "--set"]
        if path.name in words:
            load_recipe(path, overrides)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_exist(document):
    text = document.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    paths = re.findall(r"`((?:tests|visionft|recipes|benchmarks)/[\w./-]*)`", text)
    missing = [link for link in links if link and not (document.parent / link).exists()]
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert missing == []
