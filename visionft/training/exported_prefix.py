"""The frozen part of a network, run by onnxruntime: the same numbers up to rounding, several times as fast on a CPU.

Shape suffixes: B batch, C channels, H height, W width.
"""

from collections.abc import Sequence

import onnxruntime as ort
import torch
from torch import Tensor

from visionft.errors import ExportError
from visionft.models.backbones.cut import Cut
from visionft.models.conversion import to_onnx
from visionft.predict.runtimes.onnx_runtime import ORT_ERRORS

CHUNK = 8  # images that a graph takes: more do not fit the caches, fewer keep threads waiting
_LARGEST_DIFFERENCE = 0.014  # of lengths; implies a cosine similarity of 0.9999 (1 - 0.014 ** 2 / 2), and like lengths


class ExportedPrefix:
    """``Cut.prefix`` in fp32 by onnxruntime. Whatever batch it is given, the graph sees ``CHUNK`` images at a time.

    Args:
        cut: of a network on the CPU.
        images_BCHW: normalised images of the canvas.
        threads: that compute.

    Raises:
        ExportError: torch cannot convert it, or onnxruntime not load it; the message is the reason.
    """

    def __init__(self, cut: Cut, images_BCHW: Tensor, threads: int) -> None:
        self._example_BCHW = _filled(images_BCHW[:CHUNK])
        self._threads = threads
        with torch.no_grad():
            self._tape = cut.tape(self._example_BCHW)
            graph = to_onnx(self._tape, self._example_BCHW)
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # every error is raised as well; standard error belongs to the user
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # images are decoded beside
        try:
            self._session = ort.InferenceSession(graph.SerializeToString(), options, ["CPUExecutionProvider"])
        except ORT_ERRORS as error:
            raise ExportError(f"onnxruntime cannot load it ({_first_line(error)})") from error
        (self._input,) = (each.name for each in self._session.get_inputs())

    def __call__(self, images_BCHW: Tensor) -> tuple[Tensor, ...]:
        """Return what ``Cut.prefix`` does, in fp32.

        Args:
            images_BCHW: any number of images, at least one.

        Raises:
            ExportError: onnxruntime fails.
        """
        parts = [self._run(images_BCHW[start : start + CHUNK]) for start in range(0, len(images_BCHW), CHUNK)]
        return tuple(torch.cat(rows) if len(rows) > 1 else rows[0] for rows in zip(*parts, strict=True))

    @torch.no_grad()
    def for_cut(self, cut: Cut) -> "ExportedPrefix":
        """Return what runs another cut of the network: this one where nothing differs.

        Raises:
            ExportError: as when it is made.
        """
        alike = cut.tape(self._example_BCHW).same_as(self._tape)
        return self if alike else ExportedPrefix(cut, self._example_BCHW, self._threads)

    def _run(self, images_BCHW: Tensor) -> list[Tensor]:
        try:
            found = self._session.run(None, {self._input: _filled(images_BCHW).numpy()})
        except ORT_ERRORS as error:
            raise ExportError(f"onnxruntime fails ({_first_line(error)})") from error
        return [torch.from_numpy(rows)[: len(images_BCHW)] for rows in found]


def require_same(expected: Sequence[Tensor], found: Sequence[Tensor]) -> None:
    """Check that what is found is what is expected, for every tensor and image.

    Args:
        expected: images on axis 0.
        found: likewise.

    Raises:
        ExportError: for an image, a tensor is further off than rounding takes it.
    """
    if [each.shape for each in expected] != [each.shape for each in found]:
        raise ExportError("it gives other shapes")
    for one, two in zip(expected, found, strict=True):
        one_BN, two_BN = (each.double().flatten(1) for each in (one, two))
        length_B = one_BN.norm(dim=1)
        off_B = (two_BN - one_BN).norm(dim=1)
        if not bool((off_B <= _LARGEST_DIFFERENCE * length_B).all()):  # also where one is not a number
            largest = float((off_B / length_B.clamp(min=1e-30)).max())
            raise ExportError(f"what it gives differs from torch's by {largest:.1%}, of which rounding is no reason")


def _filled(images_BCHW: Tensor) -> Tensor:
    """Return images up to ``CHUNK``, with the first of them repeated, in contiguous memory."""
    missing = CHUNK - len(images_BCHW)
    if missing:
        images_BCHW = torch.cat([images_BCHW, images_BCHW[:1].expand(missing, -1, -1, -1)])
    return images_BCHW.contiguous()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
