"""Object detection: boxes with a class and a score.

Shape suffixes: B batch, H height, W width, N detections or objects, 3 colours.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import PADDING
from visionft.data.records import Sample
from visionft.data.targets.boxes import Boxes
from visionft.results import CanvasRunner, Results
from visionft.spec import DETECTIONS, InputSpec
from visionft.tasks.objects.evaluation import ObjectEvaluation
from visionft.tasks.objects.learning import ObjectLearner, detect_all
from visionft.tasks.objects.metrics import detection_metrics, quick_detection
from visionft.tasks.objects.rows import box_rows


class BoxMeter:
    """Collects detections on the canvas.

    Args:
        classes: how many.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._predictions: list[NDArray[np.float32]] = []
        self._targets: list[NDArray[np.float32]] = []

    def update(self, results: Results, targets: NDArray[np.float32]) -> None:
        """Take in detections and boxes_BN5."""
        self._predictions += [rows_N6[rows_N6[:, 4] > 0] for rows_N6 in box_rows(results)]
        self._targets += [boxes_N5[boxes_N5[:, 4] != PADDING] for boxes_N5 in targets]

    def values(self) -> dict[str, float]:
        """Return mAP, AP50 and AP75, means of the classes."""
        return quick_detection(self._predictions, self._targets, self._classes)


class DetectionLearner(ObjectLearner):
    """Boxes; see ``ObjectLearner``."""

    kind: ClassVar[str] = "detection"
    headline: ClassVar[str] = "map"
    answers: ClassVar[str] = "boxes"

    def __init__(
        self,
        class_names: Sequence[str],
        *,
        head: str = "dense",
        dropout: float = 0.0,
        max_detections: int = DETECTIONS,
    ) -> None:
        super().__init__(class_names, head=head, dropout=dropout, max_detections=max_detections)

    def meter(self) -> BoxMeter:
        """Return a fresh meter of detections against boxes_BN5."""
        return BoxMeter(len(self.class_names))

    def evaluate(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        run: CanvasRunner,
        *,
        batch_size: int,
        bootstrap: int,
        seed: int,
        thresholds: Sequence[float] = (),
        on_done: Callable[[int], None] | None = None,
    ) -> ObjectEvaluation:
        """Return the full set of detection metrics in the original frame; see ``Learner.evaluate``."""
        detections = []
        for done, detections_N6 in enumerate(detect_all(samples, spec, run, batch_size), start=1):
            detections.append(detections_N6)
            if on_done:
                on_done(done)
        targets = [Boxes.of(sample) for sample in samples]
        metrics = detection_metrics(
            detections, targets, self.class_names, thresholds=thresholds or None, bootstrap=bootstrap, seed=seed
        )
        return ObjectEvaluation(metrics, tuple(detections))
