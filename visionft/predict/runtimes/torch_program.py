"""Exported torch programs, and packages that AOTInductor compiled of them, both ``.pt2``.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.errors import CheckpointError
from visionft.predict.runtimes.file_engine import FileEngine, require_cpu, silence

try:
    import torch
except ModuleNotFoundError as error:
    raise CheckpointError("running .pt2 files needs torch: pip install torch; .onnx needs onnxruntime alone") from error

SPEC_ENTRY = "visionft.spec"
"""Where the archive's extra files have the ModelSpec."""


class TorchProgramEngine(FileEngine):
    """A ``torch.export`` program or an AOTInductor package that has been opened.

    Either is code: open what you have exported yourself, or have from whom you would take a program. The package is
    native code for the CPU on which it was compiled. Of a program, entries that torch would unpickle are refused.
    """

    kind: ClassVar[str] = "pt2"
    runtime: ClassVar[str] = "torch"
    # torch has no error of its own for either; its reader of programs asserts, looks up and converts
    fails: ClassVar[tuple[type[Exception], ...]] = (
        RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError,
    )  # fmt: skip

    def spec_text(self) -> str | None:
        """Return the JSON of the archive's entry."""
        with self._archive() as archive:
            for name in archive.namelist():
                if name.endswith(f"/extra/{SPEC_ENTRY}"):
                    return archive.read(name).decode()
        return None

    def load(self, threads: int | None, providers: Sequence[str]) -> None:
        """Load the program, or the native code."""
        require_cpu(providers)
        self._threads = threads
        with self._archive() as archive:
            names = archive.namelist()
            is_compiled = any("/data/aotinductor/" in name for name in names)
            if is_compiled:
                _require_instructions(archive)
            else:
                _refuse_pickles(archive)
                if any(b"torchvision." in archive.read(name) for name in names if "/models/" in name):
                    import torchvision  # noqa: F401  # its operations are known by then
        with silence(), warnings.catch_warnings(action="ignore"), self._path.open("rb") as file:
            self._module: Callable[..., Any] = (
                torch._inductor.aoti_load_package(file) if is_compiled else torch.export.load(file).module()
            )

    @torch.inference_mode()
    def infer(self, images_BHW3: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        """Run the module; outputs that follow from others come last and are left out."""
        with _threads(self._threads):
            outputs = self._module(torch.from_numpy(images_BHW3.copy()))
        return [values.numpy() for values in outputs[: len(self.names)]]

    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self._path)
        except zipfile.BadZipFile as error:
            raise CheckpointError(f"{self._path}: is no .pt2 archive ({error}); export it again") from error


def _refuse_pickles(archive: zipfile.ZipFile) -> None:
    """Refuse a program with weights or constants that torch unpickles, which may run anything.

    Raises:
        ValueError: there are some.
    """
    for name in archive.namelist():
        if name.endswith(("_weights_config.json", "_constants_config.json")):
            for entry, facts in json.loads(archive.read(name))["config"].items():
                if facts["use_pickle"] or not facts["path_name"].startswith(("weight_", "tensor_")):
                    raise ValueError(f"{entry} would be unpickled")
        is_example = "/data/sample_inputs/" in name
        if is_example and torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(archive.read(name))):
            raise ValueError(f"{name} would be unpickled")


def _require_instructions(archive: zipfile.ZipFile) -> None:
    """Refuse native code with instructions that this CPU does not have, which would end the process.

    Raises:
        RuntimeError: it has some.
    """
    for name in archive.namelist():
        if name.endswith("wrapper_metadata.json"):
            used = json.loads(archive.read(name)).get("AOTI_CPU_ISA", "").partition(" ")[0]
            if used.startswith("AVX") and used not in (has := torch.backends.cpu.get_cpu_capability()):
                raise RuntimeError(f"it was compiled for CPUs with {used}, this one has {has}")


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """Let torch compute with a number of threads, which it has one of for the process."""
    before = torch.get_num_threads()
    if number is not None and number != before:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)
