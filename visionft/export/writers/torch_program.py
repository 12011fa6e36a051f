"""Programs of torch: for torch itself (``torch-export``), and compiled for this machine's CPU (``aoti``)."""

import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from visionft.errors import ExportError
from visionft.export.writers.base import Writer
from visionft.export.writers.program import UNTRACEABLE, program_for_others
from visionft.models.conversion import innermost_reason, quiet
from visionft.predict.runtimes.torch_program import SPEC_ENTRY
from visionft.spec import ModelSpec


class TorchExportWriter(Writer):
    """Writes an ExportedProgram, which ``torch.export.load`` reads."""

    kind: ClassVar[str] = "torch-export"
    suffix: ClassVar[str] = ".pt2"

    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,  # noqa: ARG002  # float32 has the range of everything
    ) -> None:
        """Write the file; see ``Writer.write``."""
        program = program_for_others(network, spec)
        with quiet(), path.open("wb") as file:
            torch.export.save(program, file, extra_files={SPEC_ENTRY: spec.to_json()})


class AotiWriter(Writer):
    """Writes a package of native code, which AOTInductor compiles for the CPU that it runs on."""

    kind: ClassVar[str] = "aoti"
    suffix: ClassVar[str] = ".pt2"
    variant: ClassVar[str] = "aoti"

    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,  # noqa: ARG002  # float32 has the range of everything
    ) -> None:
        """Compile the program and write the package; see ``Writer.write``."""
        program = program_for_others(network, spec)
        # the threads of whoever opens it, not as many as there are here
        options = {"cpp.dynamic_threads": True}
        with tempfile.TemporaryDirectory() as folder:
            package = Path(folder) / "model.pt2"  # torch insists on the ending
            try:
                with quiet():
                    torch._inductor.aoti_compile_and_package(
                        program, package_path=str(package), inductor_configs=options
                    )
            except UNTRACEABLE as error:
                raise ExportError(
                    f"AOTInductor cannot compile the network ({innermost_reason(error)}); it needs a C++ compiler such "
                    "as g++; torch-export is for any machine"
                ) from error
            with zipfile.ZipFile(package, "a", zipfile.ZIP_STORED) as archive:
                root = archive.namelist()[0].partition("/")[0]
                archive.writestr(f"{root}/extra/{SPEC_ENTRY}", spec.to_json())
            path.write_bytes(package.read_bytes())
