"""Files of fewer bits, made of the ONNX file in float32 and tried until one is close enough."""

import tempfile
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from visionft.export.writers.base import Attempt, Writer
from visionft.export.writers.onnx import OnnxWriter
from visionft.spec import ModelSpec


class ReducedPrecisionWriter(Writer):
    """Writes the ONNX file in float32 aside, and its own from that."""

    @abstractmethod
    def convert(
        self, source: Path, spec: ModelSpec, path: Path, calibration: Iterable[NDArray[np.uint8]] | None
    ) -> Iterator[Attempt]:
        """Write the file from the one in float32; see ``Writer.attempts``.

        Args:
            source: ONNX in float32; there until the last attempt.
            spec: as of ``Writer.write``.
            path: where to; an attempt after the first replaces what is there.
            calibration: as of ``Writer.write``.

        Yields:
            What was written.
        """

    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,
    ) -> None:
        """Make the first attempt; see ``Writer.write``."""
        next(self.attempts(network, spec, path, calibration))

    def attempts(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,
    ) -> Iterator[Attempt]:
        """Write the file; see ``Writer.attempts``."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "float.onnx"
            OnnxWriter().write(network, spec, source)
            yield from self.convert(source, spec, path, calibration)

    def try_out(self, network: nn.Module, spec: ModelSpec) -> None:
        """Find out whether there will be an ONNX file."""
        OnnxWriter().try_out(network, spec)
