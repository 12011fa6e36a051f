"""Detections in rows as a network's outputs."""

import numpy as np

from visionft.annotations.object_mask import MASK_SIDE


def as_results(rows_BNR):
    """Return the outputs, by name, that stand for detections_BN6 or, with the cells of masks, detections_BNR."""
    results = {
        "boxes": rows_BNR[..., :4],
        "scores": rows_BNR[..., 4],
        "labels": rows_BNR[..., 5].astype(np.int64),
        "count": np.full(len(rows_BNR), rows_BNR.shape[1]),  # unused rows are zero
    }
    if rows_BNR.shape[2] > 6:
        results["masks"] = rows_BNR[..., 6:].reshape(*rows_BNR.shape[:2], MASK_SIDE, MASK_SIDE)
    return results


def giving(run):
    """Return a network that gives what another one says in rows."""
    return lambda images_BHW3: as_results(run(images_BHW3))
