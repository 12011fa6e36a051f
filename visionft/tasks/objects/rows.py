"""Detections as rows of one array, which is how they are moved, merged and compared.

Shape suffixes: B batch, N rows of detections, 6 left, top, right, bottom (pixels of the canvas), score and class
index, P the cells of a mask, row by row, R both 6 and P.
"""

import numpy as np
from numpy.typing import NDArray

from visionft.results import Results


def box_rows(results: Results) -> NDArray[np.float32]:
    """Return detections_BN6 of results for objects, by falling score; rows that are not used are zero."""
    return _joined(results, [])


def object_rows(results: Results) -> NDArray[np.float32]:
    """Return detections_BNR: those of ``box_rows``, and behind each the probabilities of the cells of its mask."""
    masks_BNSS = results["masks"]
    return _joined(results, [masks_BNSS.reshape(*masks_BNSS.shape[:2], -1)])


def _joined(results: Results, cells: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    scores_BN = results["scores"]
    columns = (results["boxes"], scores_BN[..., None], results["labels"][..., None], *cells)
    detections_BNR = np.concatenate([column.astype(np.float32, copy=False) for column in columns], axis=2)
    # what a graph leaves in rows that it does not use is nobody's business
    detections_BNR[np.arange(scores_BN.shape[1]) >= results["count"][:, None]] = 0
    return detections_BNR
