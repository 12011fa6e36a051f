"""A page that runs the network in a browser: a folder for any web server, which asks nothing of any other place."""

import json
import os
import shutil
from collections.abc import Iterable
from importlib.resources import as_file, files
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from visionft.errors import ExportError
from visionft.export.parity import Limits
from visionft.export.writers.base import Writer
from visionft.export.writers.onnx import OnnxWriter
from visionft.imaging import line_palette
from visionft.predict.runtimes.file_engine import SPEC_FILE
from visionft.predict.runtimes.web import RUNTIME, WebEngine
from visionft.spec import ModelSpec
from visionft.tasks import TASKS
from visionft.tasks.learner import Learner

_PACKAGE = "onnxruntime-web"
_TRIED = "1.30.0"  # the version that the tests run
_PAGE = Path(__file__).parent.parent / "page"
_NEEDED = [Path(name).name for name in WebEngine.files[1:]]
_WEBGPU = ["ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"]


class WebWriter(Writer):
    """Writes the page with its network, the task's part of it, and the runtime that npm has installed."""

    kind: ClassVar[str] = "web"
    suffix: ClassVar[str] = ".web"

    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,  # noqa: ARG002  # float32 has the range of everything
    ) -> None:
        """Write the folder; see ``Writer.write``."""
        find_runtime()
        _task_module(spec)
        path.mkdir()
        OnnxWriter().write(network, spec, path / WebEngine.files[0])
        write_page(spec, path)

    def try_out(self, network: nn.Module, spec: ModelSpec) -> None:
        """Find out whether there will be an ONNX file, and whether the rest is at hand."""
        find_runtime()
        _task_module(spec)
        OnnxWriter().try_out(network, spec)

    def limits(self, task: Learner) -> Limits:
        """Return how far its files may be from the network: WebAssembly rounds sums in another order."""
        return Limits(min(task.min_agreement, 0.999), max(task.max_difference, 1e-3))


def write_page(spec: ModelSpec, path: Path) -> None:
    """Put into a folder with a network's ONNX file what makes it a page.

    Args:
        spec: the network's.
        path: the folder.

    Raises:
        ExportError: onnxruntime-web is not at hand, or the task has no part for pages.
    """
    (path / SPEC_FILE).write_text(spec.to_json(), encoding="utf-8")
    (path / "task.js").write_text(_task_module(spec), encoding="utf-8")
    for file in _PAGE.iterdir():
        shutil.copyfile(file, path / file.name)
    version, webgpu = _copy_runtime(find_runtime(), path / RUNTIME)
    page = {
        "title": str(spec.provenance.get("name", "Model")),
        "runtime": f"{_PACKAGE} {version}",
        "webgpu": webgpu,
        "takes_threshold": TASKS[spec.task].takes_threshold,
        "colours": line_palette(len(spec.class_names)),
    }
    (path / "page.json").write_text(json.dumps(page), encoding="utf-8")


def find_runtime(start: Path | None = None) -> Path:
    """Return the folder of onnxruntime-web, which npm installs: in ``node_modules`` from here upwards, or in NODE_PATH.

    Args:
        start: where to begin; none is the working directory.

    Raises:
        ExportError: it is not there, or not whole.
    """
    here = (start or Path.cwd()).absolute()
    folders = [folder / "node_modules" for folder in (here, *here.parents)]
    folders += [Path(folder) for folder in os.environ.get("NODE_PATH", "").split(os.pathsep) if folder]
    for folder in folders:
        package = folder / _PACKAGE
        if (package / "package.json").is_file():
            if missing := [name for name in _NEEDED if not (package / "dist" / name).is_file()]:
                raise ExportError(f"{package}: holds no {', '.join(missing)}; npm install {_PACKAGE}@{_TRIED}")
            return package
    raise ExportError(
        f"a page needs {_PACKAGE}, which npm installs into a folder node_modules, here or above: npm install "
        f"{_PACKAGE}@{_TRIED}; it is copied into the page, which asks nothing of the network"
    )


def _copy_runtime(package: Path, target: Path) -> tuple[str, bool]:
    """Copy what the page needs of the runtime; return its version, and whether it has WebGPU."""
    target.mkdir()
    webgpu = all((package / "dist" / name).is_file() for name in _WEBGPU)
    for name in [*_NEEDED, *(_WEBGPU if webgpu else [])]:
        shutil.copyfile(package / "dist" / name, target / name)
    shutil.copyfile(package / "package.json", target / "package.json")  # names version, authors and licence
    return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]), webgpu


def _task_module(spec: ModelSpec) -> str:
    module, _, name = TASKS[spec.task].browser.partition(":")
    if not name:
        raise ExportError(f"the task {spec.task} has no part for a page: its definition's browser names none")
    with as_file(files(module) / name) as file:
        return file.read_text(encoding="utf-8")
