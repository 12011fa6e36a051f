"""Rules about the source itself that no linter of ours knows."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = sorted((ROOT / "visionft").rglob("*.py"))
EVERYTHING = [*PACKAGE, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]

# What executes or unpickles text. torch.load and yaml.load are fine with the one argument that makes them safe.
CODE_FROM_DATA = {"eval", "exec", "compile", "__import__"}
UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
NETWORK = {"http", "requests", "socket", "ssl", "urllib.request", "huggingface_hub", "aiohttp", "ftplib", "smtplib"}


def shown(path):
    return path.relative_to(ROOT).as_posix()


def nodes(path, kind):
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kind)]


def imported(path):
    """Return the full names of all modules that a file imports, at its top or inside functions."""
    names = {alias.name for node in nodes(path, ast.Import) for alias in node.names}
    for node in nodes(path, ast.ImportFrom):
        names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def violations(path):
    """Return the lines of a file that could execute what data say."""
    found = []
    for call in nodes(path, ast.Call):
        name = ast.unparse(call.func)
        safe = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if (
            name in CODE_FROM_DATA
            or name in ("os.system", "os.popen", "yaml.unsafe_load", "yaml.full_load")
            or (name == "yaml.load" and [ast.unparse(value) for value in call.args[1:]] != ["yaml.BaseLoader"])
            or (name == "torch.load" and safe.get("weights_only") != "True")
            or (name.endswith("np.load") and "allow_pickle" in safe)
            or safe.get("shell") == "True"
        ):
            found.append(f"{shown(path)}:{call.lineno}: {name}")
    # the exception's name is needed where torch.load refuses a file; nothing else of pickle is
    found += [
        f"{shown(path)}:{node.lineno}: {ast.unparse(node)}"
        for node in nodes(path, ast.Attribute)
        if ast.unparse(node.value) in UNPICKLERS and node.attr != "UnpicklingError"
    ]
    found += [
        f"{shown(path)}:{node.lineno}: {node.module}"
        for node in nodes(path, ast.ImportFrom)
        if node.module in UNPICKLERS
    ]
    return found


def test_nothing_executes_what_data_say():
    assert [line for path in PACKAGE for line in violations(path)] == []


@pytest.mark.parametrize(
    "line",
    [
        "eval(text)",
        "exec(text)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.load(text, yaml.Loader)",
        "import pickle; pickle.loads(data)",
        "from pickle import loads",
        "subprocess.run(text, shell=True)",
    ],
)
def test_the_rule_above_finds(line, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.architecture.test_source.ROOT", tmp_path)
    (tmp_path / "a.py").write_text(line)
    assert len(violations(tmp_path / "a.py")) == 1


@pytest.mark.parametrize(
    "line",
    ["network.eval()", "torch.load(path, weights_only=True)", "yaml.load(text, yaml.BaseLoader)", "re.compile(text)"],
)
def test_the_rule_above_lets_pass(line, tmp_path):
    (tmp_path / "a.py").write_text(line)
    assert violations(tmp_path / "a.py") == []


def test_one_file_asks_the_network_and_one_answers_it():
    talking = [shown(path) for path in PACKAGE if imported(path) & NETWORK]
    assert talking == ["visionft/models/backbones/hub.py", "visionft/serving/server.py"]


def test_yaml_is_read_by_recipes_and_for_yolo_only():
    assert [shown(path) for path in PACKAGE if "yaml" in imported(path)] == [
        "visionft/data/formats/yolo/file.py",
        "visionft/recipe/document.py",
        "visionft/recipe/write.py",
    ]


def test_the_library_does_not_print():
    printing = {shown(path) for path in PACKAGE for call in nodes(path, ast.Call) if ast.unparse(call.func) == "print"}
    assert printing <= {"visionft/cli/__init__.py"}


def test_no_file_is_long():
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in EVERYTHING}
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_functions_fit_a_screen():
    """Without their docstrings, which may be long."""
    long = {}
    for path in PACKAGE:
        for function in nodes(path, ast.FunctionDef):
            body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
            length = body[-1].end_lineno - body[0].lineno + 1
            if length > 60:
                long[f"{shown(path)}: {function.name}"] = length
    assert long == {}


def test_there_is_no_drawer_for_odds_and_ends():
    assert [shown(path) for path in EVERYTHING if path.stem in ("utils", "util", "helpers", "common", "misc")] == []


def test_every_package_is_installed():
    """setup.cfg lists them, since recipes/ is installed from the top level; what it does not list a wheel lacks."""
    listed = re.search(r"^packages =\n((?:    \S+\n)+)", (ROOT / "setup.cfg").read_text(encoding="utf-8"), re.MULTILINE)
    folders = {shown(path.parent).replace("/", ".") for path in PACKAGE}
    assert set(listed[1].split()) == folders | {"visionft.recipes"}


def test_every_template_is_installed():
    text = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    folders = {shown(path.parent).replace("/", ".") for path in (ROOT / "visionft").rglob("*.j2")}
    assert {folder for folder in folders if f"{folder} = *.html.j2" not in text} == set()


def test_no_two_classes_have_one_name():
    """One may then be spoken of without its module."""
    homes: dict[str, list[str]] = {}
    for path in PACKAGE:
        for node in nodes(path, ast.ClassDef):
            homes.setdefault(node.name, []).append(shown(path))
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}
