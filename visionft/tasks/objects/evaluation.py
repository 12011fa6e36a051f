"""What an evaluation of a detector leaves for the page. Shape suffixes: N detections; 6 box, score and class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.tasks.objects.metrics import DetectionMetrics


@dataclass(frozen=True, slots=True)
class ObjectEvaluation:
    """Metrics and the detections they were computed from.

    Attributes:
        metrics: every metric with its interval, measured in the frame of the original images.
        detections: detections_N6 of each image in that frame, in the order of the samples.
        masks: the pixels of each detection of each image; none where only boxes are known.
    """

    metrics: DetectionMetrics
    detections: tuple[NDArray[np.float32], ...]
    masks: tuple[tuple[ObjectMask, ...], ...] | None = None
