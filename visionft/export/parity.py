"""Does the exported file give the network's answers? Measured on every image, in several batch sizes.

Shape suffixes: N images, B batch, H height, W width, 3 colour channels (RGB), K classes.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from visionft.errors import ExportError


class CanvasModel(Protocol):
    """An exported file that has been loaded; ``visionft.predict`` has the one for ONNX."""

    def predict_canvases(self, images_BHW3: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return probabilities_BK for uint8 RGB canvases."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the exported file may be from the network.

    Attributes:
        min_agreement: share of the images on which both must give the same class, in [0, 1].
        max_difference: largest difference of any one probability, > 0.
    """

    min_agreement: float = 1.0
    max_difference: float = 1e-4


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Parity:
    """The exported file and its network on the same images.

    Attributes:
        images: how many were compared.
        batch_sizes: sizes in which the exported file was given them, ascending.
        argmax_agreement: share on which both give the same class, in [0, 1].
        max_abs_difference: largest difference of any one probability; NaN when either gave one.
        accuracy_network: share that the network gets right, or None when no labels were given.
        accuracy_exported: the same of the exported file.
        limits: what was allowed.
    """

    images: int
    batch_sizes: tuple[int, ...]
    argmax_agreement: float
    max_abs_difference: float
    accuracy_network: float | None
    accuracy_exported: float | None
    limits: Limits

    @property
    def passed(self) -> bool:
        """Whether both limits hold; NaN holds none."""
        return (
            self.argmax_agreement >= self.limits.min_agreement and self.max_abs_difference <= self.limits.max_difference
        )

    def __str__(self) -> str:
        return (
            f"same class on {self.argmax_agreement:.4%} of {self.images} images "
            f"(at least {self.limits.min_agreement:.4%}), largest difference of a probability "
            f"{self.max_abs_difference:.2g} (at most {self.limits.max_difference:.2g})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold, save for a NaN difference."""
        return {**asdict(self), "batch_sizes": list(self.batch_sizes), "passed": self.passed}


def verify(
    exported: CanvasModel,
    reference: nn.Module | NDArray[np.float32],
    batches: Iterable[NDArray[np.uint8]],
    *,
    labels_N: NDArray[np.int64] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Parity:
    """Run both on every image and compare.

    Args:
        exported: the exported file.
        reference: the network in eval mode and float32, or the probabilities_NK that it gave.
        batches: images_BHW3 canvases, at least one, in the order of labels_N and of probabilities_NK.
        labels_N: true classes, for the two accuracies.
        limits: what ``Parity.passed`` allows.

    Returns:
        What was measured, passed or not.

    Raises:
        ExportError: there are no images.
        ValueError: the number of images is not that of the labels or of the given probabilities.
    """
    expected: list[NDArray[np.float32]] = []
    found: list[NDArray[np.float32]] = []
    for images_BHW3 in batches:
        if isinstance(reference, nn.Module):
            expected.append(_probabilities(reference, images_BHW3))
        # the first image goes alone: a graph that took a batch size from tracing cannot hide
        pieces = [images_BHW3] if found else [images_BHW3[:1], images_BHW3[1:]]
        found += [exported.predict_canvases(piece_BHW3) for piece_BHW3 in pieces if len(piece_BHW3)]
    if not found:
        raise ExportError("there are no validation images to measure it on; give the data a val split")
    found_NK = np.concatenate(found)
    expected_NK = np.concatenate(expected) if isinstance(reference, nn.Module) else reference
    if found_NK.shape != expected_NK.shape:
        raise ValueError(f"the file gave {found_NK.shape} probabilities, the network {expected_NK.shape}")
    return Parity(
        images=len(found_NK),
        batch_sizes=tuple(sorted({len(piece_BK) for piece_BK in found})),
        argmax_agreement=_share(found_NK.argmax(1), expected_NK.argmax(1)),
        max_abs_difference=_largest_difference(found_NK, expected_NK),
        accuracy_network=None if labels_N is None else _share(expected_NK.argmax(1), labels_N),
        accuracy_exported=None if labels_N is None else _share(found_NK.argmax(1), labels_N),
        limits=limits,
    )


@torch.inference_mode()
def _probabilities(network: nn.Module, images_BHW3: NDArray[np.uint8]) -> NDArray[np.float32]:
    probabilities_BK: NDArray[np.float32] = network(torch.tensor(images_BHW3)).numpy()
    return probabilities_BK


def _share(left_N: NDArray[np.int64], right_N: NDArray[np.int64]) -> float:
    if left_N.shape != right_N.shape:
        raise ValueError(f"{len(left_N)} images, {len(right_N)} labels")
    return float((left_N == right_N).mean())


def _largest_difference(left_NK: NDArray[np.float32], right_NK: NDArray[np.float32]) -> float:
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, which no limit allows
        return float(np.abs(left_NK.astype(np.float64) - right_NK).max())
