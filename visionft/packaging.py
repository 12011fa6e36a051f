"""The wheel of ``visionft-runtime``: what predicts, without PyTorch, from the same sources and of the same version.

    python -m visionft.packaging [FOLDER]

Its modules are those that the terminal, ``Predictor`` and engines import when they are loaded, and nothing else; its
dependencies those of the whole package that they need.
"""

import ast
import base64
import re
import sys
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import visionft
from visionft.distribution import MARK
from visionft.errors import CheckpointError

NAME = "visionft-runtime"

NEEDS = ("numpy", "opencv-python-headless", "onnxruntime", "typer")
"""Of the whole package's dependencies."""

EXTRAS = ("heic", "openvino", "serve", "supervision", "track")
"""Of the whole package's extras."""

ROOTS = (
    "visionft.__main__",
    "visionft.api",
    "visionft.api.clips",
    "visionft.api.prediction",
    "visionft.bench.picture",
    "visionft.bench.worker",
    "visionft.cli.benching",
    "visionft.cli.listing",
    "visionft.cli.predicting",
    "visionft.predict.*",
    "visionft.serving.*",
    "visionft.tasks.*.definition",
)
"""Modules that are asked for by name; a star stands for all in a package, or for each package."""

_HOME = Path(visionft.__file__).parent
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same sources give the same bytes


def runtime_modules(home: Path = _HOME) -> dict[str, Path]:
    """Return the modules of the runtime by name, sorted."""
    known = dict(_modules(home))
    found: set[str] = set()
    waiting = [
        name for root in ROOTS for name in known if re.fullmatch(root.replace(".", r"\.").replace("*", ".+"), name)
    ]
    while waiting:
        name = waiting.pop()
        if name in found or name not in known:
            continue
        found.add(name)
        waiting += [".".join(name.split(".")[:depth]) for depth in range(1, name.count(".") + 1)]  # its packages
        waiting += imported_names(known[name])
    return {name: known[name] for name in sorted(found)}


def imported_names(path: Path) -> Iterator[str]:
    """Yield what a module imports when it is loaded; of ``from a import b`` both ``a`` and ``a.b``."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def write_wheel(folder: Path) -> Path:
    """Write the wheel into a folder, and return its path."""
    project = read_project()
    stem = f"{NAME.replace('-', '_')}-{visionft.__version__}"
    entries = {
        f"visionft/{path.relative_to(_HOME).as_posix()}": path.read_bytes() for path in runtime_modules().values()
    }
    entries["visionft/py.typed"] = b""
    entries[f"visionft/{MARK}"] = f"{NAME} {visionft.__version__}\n".encode()
    about = f"{stem}.dist-info"
    entries[f"{about}/METADATA"] = _metadata(project).encode()
    entries[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: visionft\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    entries[f"{about}/entry_points.txt"] = b"[console_scripts]\nvisionft = visionft.cli:main\n"
    entries[f"{about}/licenses/LICENSE"] = (_HOME.parent / "LICENSE").read_bytes()
    record = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in entries.items()]
    entries[f"{about}/RECORD"] = "\n".join([*record, f"{about}/RECORD,,", ""]).encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-py3-none-any.whl"
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            entry = ZipInfo(name, _EPOCH)
            entry.external_attr, entry.compress_type = 0o644 << 16, ZIP_DEFLATED
            archive.writestr(entry, data)
    return wheel


def read_project() -> dict[str, Any]:
    """Return what ``pyproject.toml`` says of the whole package.

    Raises:
        CheckpointError: when this is no checkout of the sources.
    """
    try:
        text = (_HOME.parent / "pyproject.toml").read_text(encoding="utf-8")
    except OSError as error:
        raise CheckpointError(
            f"{error.filename}: not readable; the wheel is built in a checkout of visionft"
        ) from error
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def requirements(project: dict[str, Any]) -> list[str]:
    """Return what the runtime needs, as the whole package states it, extras included."""
    needed = [line for line in project["dependencies"] if _name(line) in NEEDS]
    extras = project["optional-dependencies"]
    return needed + [f'{line}; extra == "{extra}"' for extra in EXTRAS for line in extras[extra]]


def _metadata(project: dict[str, Any]) -> str:
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {NAME}",
        f"Version: {visionft.__version__}",
        "Summary: Runs what visionft has exported: the same package without training, and without PyTorch.",
        "License-Expression: Apache-2.0",
        "License-File: LICENSE",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {line}" for line in requirements(project)),
        *(f"Provides-Extra: {extra}" for extra in EXTRAS),
        "",
        "`pip install visionft-runtime` instead of `visionft`, never beside it: both bring the package `visionft`.",
    ]
    return "\n".join([*lines, ""])


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(sha256(data).digest()).decode().rstrip("=")


def _modules(home: Path) -> Iterator[tuple[str, Path]]:
    for path in home.rglob("*.py"):
        parts = ("visionft", *path.relative_to(home).with_suffix("").parts)
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


if __name__ == "__main__":
    sys.stdout.write(f"{write_wheel(Path(sys.argv[1] if len(sys.argv) > 1 else 'dist'))}\n")
