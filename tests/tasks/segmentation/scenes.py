"""A segmentation's report for the tests: striped scenes whose predictions are the truth moved to the right."""

import numpy as np

from tests.report.pages import history, report_data, stage
from visionft.annotations.marks import IGNORE
from visionft.tasks.segmentation.image_counts import count_image
from visionft.tasks.segmentation.metrics import segmentation_metrics
from visionft.tasks.segmentation.page import SegmentationSection
from visionft.tasks.segmentation.page_examples import MaskExample


def maps(classes, moved, height=60, width=90):
    """Return a truth of vertical stripes with an ignored lower edge, and the stripes moved by so many pixels."""
    stripes_HW = np.broadcast_to((np.arange(width) * classes // width).astype(np.uint8), (height, width))
    truth_HW = stripes_HW.copy()
    truth_HW[-6:] = IGNORE
    return truth_HW, np.roll(stripes_HW, moved, axis=1)


def colours(classes):
    """Return as many different colours."""
    return tuple((label, 255 - label, 100) for label in range(classes))


def mask_example(classes, moved, rank=1, identifier="street/1.png"):
    """Return an example on a plain red image."""
    truth_HW, predicted_HW = maps(classes, moved)
    image_HW3 = np.zeros((*truth_HW.shape, 3), np.uint8)
    image_HW3[..., 0] = 255
    return MaskExample(
        id=identifier,
        rank=rank,
        counts=count_image(truth_HW, predicted_HW, classes),
        image_HW3=image_HW3,
        target_HW=truth_HW,
        predicted_HW=predicted_HW,
    )


def section(names=("sky", "road", "car"), **changes):
    """Return what a segmentation's report shows, with some fields changed."""
    classes = len(names)
    counts = [count_image(*maps(classes, moved), classes) for moved in (9, 5, 2, 0)]
    fields = {
        "metrics": segmentation_metrics(counts, names, bootstrap=50),
        "palette": colours(classes),
        "worst": (mask_example(classes, 9, 1), mask_example(classes, 5, 2, "street/2.png")),
        "others": (mask_example(classes, 0, 4, "street/4.png"),),
    }
    return SegmentationSection(**{**fields, **changes})


def scene_rows(*epochs_of_stages):
    """Return rows of a history with the validation values of a segmentation."""
    return tuple(
        {**row, "val": {"loss": 1 / row["epoch"], "miou": 0.25, "dice": 0.4, "pixel_accuracy": 0.75}}
        for row in history(*epochs_of_stages)
    )


def scene_data(names=("sky", "road", "car"), own=None, **changes):
    """Return a complete report of a segmentation, with some fields of it or of its section changed."""
    fields = {
        "section": section(names, **(own or {})),
        "selection": "miou",
        "stages": (stage(), stage("all", best_epoch=5)),
        "history": scene_rows(2, 3),
    }
    return report_data(**{**fields, **changes})
