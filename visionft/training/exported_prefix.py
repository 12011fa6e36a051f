"""The frozen part of a network as a graph: the same numbers up to rounding, several times as fast on a CPU.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB), C channels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from visionft.errors import ExportError
from visionft.models.backbones.cut import Cut
from visionft.models.backbones.tape import Tape
from visionft.models.conversion import to_onnx
from visionft.models.network import OfCanvases, TaskNetwork
from visionft.training.prefix_engines import PrefixEngine, load

CHUNK = 8  # images that a graph takes: more do not fit the caches, fewer keep threads waiting
_LARGEST_DIFFERENCE = 0.014  # of lengths; implies a cosine similarity of 0.9999 (1 - 0.014 ** 2 / 2), and like lengths


class PrefixGraph:
    """``Cut.prefix`` of canvases as an ONNX graph, which normalises them: bytes are a quarter of what is copied.

    Args:
        network: on the CPU.
        cut: of its backbone.
        images_BHW3: uint8 canvases.

    Raises:
        ExportError: torch cannot convert it; the message is the reason.
    """

    def __init__(self, network: TaskNetwork, cut: Cut, images_BHW3: Tensor) -> None:
        self._network = network
        self.example_BHW3 = _filled(images_BHW3[:CHUNK])
        with torch.no_grad():
            self._tape = self._tape_of(cut)
            whole = OfCanvases(self._tape, network.mean_C11, network.scale_C11)
            self.onnx = to_onnx(whole, self.example_BHW3).SerializeToString()

    def of(self, cut: Cut) -> "PrefixGraph":
        """Return the graph of another cut of the network: this one where nothing differs.

        Raises:
            ExportError: as when it is made.
        """
        alike = self._tape_of(cut).same_as(self._tape)
        return self if alike else PrefixGraph(self._network, cut, self.example_BHW3)

    @torch.no_grad()
    def _tape_of(self, cut: Cut) -> Tape:
        return cut.tape(self._network.normalised(self.example_BHW3).contiguous())


class ExportedPrefix:
    """A graph that an engine computes. Whatever batch it is given, the graph sees ``CHUNK`` images at a time.

    Args:
        graph: of the frozen layers.
        engine: that computes it.
        threads: that it takes.

    Raises:
        ExportError: the engine does not take it; the message is the reason.
    """

    def __init__(self, graph: PrefixGraph, engine: PrefixEngine, threads: int) -> None:
        self.engine = engine
        self._graph = graph
        self._threads = threads
        self._compute = load(engine, graph.onnx, threads)

    def __call__(self, images_BHW3: Tensor) -> tuple[Tensor, ...]:
        """Return what ``Cut.prefix`` does for the normalised images, in fp32.

        Args:
            images_BHW3: any number of uint8 canvases, at least one.

        Raises:
            ExportError: the engine fails.
        """
        parts = [self._run(images_BHW3[start : start + CHUNK]) for start in range(0, len(images_BHW3), CHUNK)]
        return tuple(torch.cat(rows) if len(rows) > 1 else rows[0] for rows in zip(*parts, strict=True))

    def for_cut(self, cut: Cut) -> "ExportedPrefix":
        """Return what runs another cut of the network: this one where nothing differs.

        Raises:
            ExportError: as when it is made.
        """
        graph = self._graph.of(cut)
        return self if graph is self._graph else ExportedPrefix(graph, self.engine, self._threads)

    def _run(self, images_BHW3: Tensor) -> list[Tensor]:
        found = self._compute(_filled(images_BHW3).numpy())
        return [torch.from_numpy(rows)[: len(images_BHW3)] for rows in found]


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


def _filled(images_BHW3: Tensor) -> Tensor:
    """Return images up to ``CHUNK``, with the first of them repeated, in contiguous memory."""
    missing = CHUNK - len(images_BHW3)
    if missing:
        images_BHW3 = torch.cat([images_BHW3, images_BHW3[:1].expand(missing, -1, -1, -1)])
    return images_BHW3.contiguous()
