"""Instance segmentation: boxes with a class and a score, and the pixels of each object.

Shape suffixes: B batch, H height, W width, N detections or objects, S cells of a side of a mask, R what a row of
results holds: xyxy, score, class, and the probabilities of the cells, row by row.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from visionft.annotations.marks import IGNORE, PADDING
from visionft.annotations.object_mask import MASK_SIDE, ObjectMask
from visionft.data.records import Sample
from visionft.data.targets.polygons import Polygons
from visionft.imaging.inputs import load
from visionft.results import CanvasRunner, Results
from visionft.spec import DETECTIONS, InputSpec
from visionft.tasks.instances.metrics import instance_metrics, quick_instances
from visionft.tasks.objects.detect import detect_instances_loaded
from visionft.tasks.objects.evaluation import ObjectEvaluation
from visionft.tasks.objects.learning import ObjectLearner
from visionft.tasks.objects.masks import paste
from visionft.tasks.objects.rows import object_rows

_SAME_CELLS = 0.99  # of a mask: those on its edge may differ


class InstanceMeter:
    """Collects objects on the canvas.

    Args:
        classes: how many.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._sizes: list[tuple[int, int]] = []
        self._predictions: list[tuple[NDArray[np.float32], list[ObjectMask]]] = []
        self._targets: list[tuple[NDArray[np.float32], list[ObjectMask | None]]] = []

    def update(self, results: Results, targets: tuple[NDArray[np.float32], NDArray[np.uint8]]) -> None:
        """Take in detections with masks, and boxes_BN5 with masks_BNSS."""
        for rows_NR, boxes_N5, masks_NSS in zip(object_rows(results), *targets, strict=True):
            used_NR, known_N = rows_NR[rows_NR[:, 4] > 0], boxes_N5[:, 4] != PADDING
            ends = np.vstack([used_NR[:, 2:4], boxes_N5[known_N, 2:4], np.ones((1, 2), np.float32)])
            width, height = np.ceil(ends.max(axis=0)).astype(int).tolist()  # as much of the canvas as anything covers
            self._sizes.append((width, height))
            cells_NSS = used_NR[:, 6:].reshape(-1, MASK_SIDE, MASK_SIDE)
            predicted_masks = [
                paste(each_SS, row_R[:4], (width, height)) for each_SS, row_R in zip(cells_NSS, used_NR, strict=True)
            ]
            target_masks = [
                None if each_SS[0, 0] == IGNORE else paste(each_SS.astype(np.float32), row_5[:4], (width, height))
                for each_SS, row_5 in zip(masks_NSS[known_N], boxes_N5[known_N], strict=True)
            ]
            self._predictions.append((used_NR[:, :6].copy(), predicted_masks))
            self._targets.append((boxes_N5[known_N], target_masks))

    def values(self) -> dict[str, float]:
        """Return mAP, AP50 and AP75 of boxes and of masks, means of the classes."""
        return quick_instances(
            [detections_N6 for detections_N6, _ in self._predictions],
            [masks for _, masks in self._predictions],
            [boxes_N5 for boxes_N5, _ in self._targets],
            [masks for _, masks in self._targets],
            self._sizes,
            self._classes,
        )


class InstanceSegmentationLearner(ObjectLearner):
    """Boxes and masks; see ``ObjectLearner``."""

    kind: ClassVar[str] = "instance_segmentation"
    headline: ClassVar[str] = "mask_map"
    answers: ClassVar[str] = "objects"

    def __init__(
        self,
        class_names: Sequence[str],
        *,
        head: str = "dense_masks",
        dropout: float = 0.0,
        max_detections: int = DETECTIONS,
    ) -> None:
        super().__init__(class_names, head=head, dropout=dropout, max_detections=max_detections)

    def meter(self) -> InstanceMeter:
        """Return a fresh meter of detections against ``InstanceTargets``."""
        return InstanceMeter(len(self.class_names))

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
        """Return the full set of metrics in the original frame; see ``Learner.evaluate``."""
        detections, masks, sizes = [], [], []
        for done, sample in enumerate(samples, start=1):
            image = load(sample.image, spec)
            ((detections_N6, objects),) = detect_instances_loaded([image], spec, run, batch_size=batch_size)
            sizes.append(image.original)
            detections.append(detections_N6)
            masks.append(objects)
            if on_done:
                on_done(done)
        metrics = instance_metrics(
            detections,
            masks,
            [Polygons.of(sample) for sample in samples],
            sizes,
            self.class_names,
            thresholds=thresholds or None,
            bootstrap=bootstrap,
            seed=seed,
        )
        return ObjectEvaluation(metrics, tuple(detections), tuple(masks))

    def outputs(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return boxes, scores, labels, the number of rows that hold a detection, and masks."""
        masks_BNSS = results[..., 6:].reshape(*results.shape[:2], MASK_SIDE, MASK_SIDE)
        return (*super().outputs(results), masks_BNSS)

    def rows(self, results: Results) -> NDArray[np.float32]:
        """Return detections_BNR, with the cells of their masks."""
        return object_rows(results)

    def alike(self, actual_NR: NDArray[np.float32], expected_MR: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which detections have the same class, box and mask, of whose cells one in a hundred may differ."""
        alike_NM = super().alike(actual_NR, expected_MR)
        for n, m in np.argwhere(alike_NM):
            same_P = (actual_NR[n, 6:] >= 0.5) == (expected_MR[m, 6:] >= 0.5)
            alike_NM[n, m] = same_P.mean() >= _SAME_CELLS
        return alike_NM
