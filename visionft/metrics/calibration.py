"""How far confidences can be believed: what the reliability diagram draws and its error in one number.

Shape suffixes: N samples, K classes, E bin edges.
"""

from dataclasses import dataclass

import numpy as np

from visionft.metrics.scores import Floats, Ints

BINS = 15

# torchmetrics bins in float32 and opens a bin of its own for exactly 1, which belongs to the last one
_BELOW_ONE = float(np.nextafter(np.float32(1), np.float32(0)))


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The predictions whose confidence falls into one interval.

    Attributes:
        low: smallest confidence of the bin, inclusive.
        high: largest confidence of the bin, exclusive but for the last bin.
        count: how many predictions fall in.
        confidence: their mean confidence; none when there are none.
        accuracy: fraction of them that is right; none when there are none.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


def calibration(probabilities_NK: Floats, labels_N: Ints) -> tuple[float, tuple[ReliabilityBin, ...]]:
    """Compare the top class's probability with how often it is right.

    Args:
        probabilities_NK: class probabilities.
        labels_N: true classes, 0..K-1.

    Returns:
        The expected calibration error (top label, 15 equal bins, L1), and the bins.

    Source:
        Guo et al. (2017), On Calibration of Modern Neural Networks, arXiv:1706.04599, section 2, equation 3.
    """
    # here and not above: importing torchmetrics takes seconds, and most of the package does without
    import torch
    from torchmetrics.functional.classification import multiclass_calibration_error

    clipped_NK = np.minimum(probabilities_NK, _BELOW_ONE)
    error = multiclass_calibration_error(
        torch.from_numpy(clipped_NK), torch.from_numpy(labels_N), num_classes=clipped_NK.shape[1], n_bins=BINS
    )
    edges_E = torch.linspace(0, 1, BINS + 1).numpy()  # numpy's linspace rounds otherwise
    confidences_N = clipped_NK.max(axis=1)
    right_N = probabilities_NK.argmax(axis=1) == labels_N
    bins_N = np.searchsorted(edges_E, confidences_N.astype(np.float32), side="right") - 1
    bins = []
    for place in range(BINS):
        inside_N = bins_N == place
        count = int(inside_N.sum())
        confidence = float(confidences_N[inside_N].mean()) if count else None
        accuracy = float(right_N[inside_N].mean()) if count else None
        bins.append(ReliabilityBin(place / BINS, (place + 1) / BINS, count, confidence, accuracy))
    return float(error), tuple(bins)
