"""What loading a part of the package does not load."""

import subprocess
import sys

import pytest

from visionft.recipe import recipe_to_yaml

# python prints the heavy modules that were loaded by a program
AFTERWARDS = "\nimport sys; print(*{forbidden!r} & sys.modules.keys(), file=sys.stderr)"
TORCH = {"torch", "torchvision", "timm", "albumentations", "torchmetrics"}
ALL = TORCH | {"pydantic", "yaml", "rich", "typer", "onnx", "matplotlib", "jinja2", "huggingface_hub"}


def loaded(program, forbidden):
    """Run a program in a fresh interpreter and return which of the modules it loaded."""
    program += AFTERWARDS.format(forbidden=forbidden)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("visionft", ALL | {"numpy", "cv2", "onnxruntime"}),
        ("visionft.recipe", TORCH),
        ("visionft.stages", ALL | {"numpy"}),
        ("visionft.cli", (ALL - {"typer"}) | {"numpy"}),
        ("visionft.predict", ALL),
        ("visionft.data", ALL),
        ("visionft.report", TORCH),
    ],
)
def test_import(module, forbidden):
    assert loaded(f"import {module}", forbidden) == set()


def test_the_test_above_can_fail():
    assert loaded("import yaml, visionft", ALL) == {"yaml"}


COMMANDS = """
import sys
from visionft.cli import main
for line in {lines!r}:
    sys.argv = ["visionft", *line]
    try:
        main()
    except SystemExit as leaving:
        assert not leaving.code, line
"""


def test_help_loads_next_to_nothing():
    assert loaded(COMMANDS.format(lines=[["--help"]]), (ALL - {"typer"}) | {"numpy"}) == set()


def test_commands_that_need_no_torch(finished, image_folder, tiny, tmp_path):
    (tmp_path / "r.yaml").write_text(recipe_to_yaml(tiny()))
    lines = [["list", what] for what in ("backbones", "formats", "heads", "recipes", "runtimes", "tasks", "trackers")]
    lines += [["schema"], ["train", str(tmp_path / "r.yaml"), "--print-recipe"]]
    lines += [["predict", str(finished), str(image_folder / "bar")]]
    assert loaded(COMMANDS.format(lines=lines), TORCH) == set()


def test_predicting_from_the_terminal_needs_what_the_predictor_needs(finished, image_folder):
    lines = [["predict", str(finished), str(image_folder / "bar"), "--json"]]
    of_typer = {"typer", "pydantic"}  # newer ones convert arguments with pydantic
    assert loaded(COMMANDS.format(lines=lines), ALL - of_typer) == set()
