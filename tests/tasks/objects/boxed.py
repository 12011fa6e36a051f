"""A detection's report for the tests: tiles that are found, moved, taken for another class, or missed."""

import numpy as np

from tests.report.pages import history, report_data, stage
from visionft.data.targets.boxes import Boxes
from visionft.tasks.objects.metrics import detection_metrics
from visionft.tasks.objects.mistakes import match_image
from visionft.tasks.objects.overlays import cut_mistake
from visionft.tasks.objects.page import DetectionSection, Tally
from visionft.tasks.objects.page_examples import BoxExample

SIZE = (320, 240)
NAMES = ("bolt", "nut", "pin")
COLOURS = ((200, 40, 0), (0, 160, 40), (0, 60, 220))


def tile(column, row=0):
    """Return a square of 40 pixels."""
    return (60.0 * column + 10, 60.0 * row + 10, 60.0 * column + 50, 60.0 * row + 50)


def objects():
    """Return three bolts, a nut and a crowd of pins."""
    return Boxes(
        (tile(0), tile(1), tile(2), tile(3), (10.0, 130.0, 300.0, 230.0)), (0, 0, 0, 1, 2), (False,) * 4 + (True,)
    )


def detections(mistakes=True):
    """Return the first bolt and, if asked for, one mistake of each kind; below the threshold lies one more."""
    rows = [(*tile(0), 0.9, 0), (20, 140, 60, 180, 0.85, 2)]
    if mistakes:
        rows += [
            (12, 10, 52, 50, 0.8, 0),  # again
            (*tile(3), 0.7, 0),  # a nut
            (150, 10, 190, 50, 0.6, 0),  # IoU of a third with the third bolt
            (250, 70, 290, 110, 0.55, 1),  # nothing
            (*tile(1), 0.1, 0),
        ]
    return np.array(rows, np.float32)


THRESHOLDS = (0.5, 0.5, 0.5)


def picture():
    """Return a plain grey image."""
    return np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)


def box_example(rank=1, identifier="parts/1.png", mistakes=True, boxes=None, **changes):
    """Return an example on a grey image."""
    boxes = objects() if boxes is None else boxes
    fields = {
        "id": identifier,
        "rank": rank,
        "image_HW3": picture(),
        "size": SIZE,
        "boxes": boxes,
        "match": match_image(detections(mistakes), boxes, thresholds=THRESHOLDS),
    }
    return BoxExample(**{**fields, **changes})


def section(names=NAMES, identifier="parts/1.png", **changes):
    """Return what a detection's report shows, with some fields changed."""
    colours = [*COLOURS, *((label, 255 - label, 9) for label in range(len(names) - 3))]
    found, truth = [detections(), detections(mistakes=False)], [objects(), objects()]
    first = box_example(identifier=identifier)
    fields = {
        "metrics": detection_metrics(
            found, truth, names, thresholds=THRESHOLDS + (0.5,) * (len(names) - 3), bootstrap=30
        ),
        "palette": colours,
        "tally": Tally.of([first.match, box_example(mistakes=False).match]),
        "worst": (first,),
        "others": (box_example(2, "parts/2.png", mistakes=False),),
        "mistakes": tuple(cut_mistake(picture(), one, objects(), names, identifier) for one in first.match.wrong),
    }
    return DetectionSection(**{**fields, **changes})


def boxed_rows(*epochs_of_stages):
    """Return rows of a history with the validation values of a detection."""
    return tuple(
        {**row, "val": {"loss": 1 / row["epoch"], "map": 0.25, "map50": 0.4, "map75": 0.2}}
        for row in history(*epochs_of_stages)
    )


def boxed_data(names=NAMES, own=None, **changes):
    """Return a complete report of a detection, with some fields of it or of its section changed."""
    fields = {
        "section": section(names, **(own or {})),
        "selection": "map",
        "stages": (stage(), stage("all", best_epoch=5)),
        "history": boxed_rows(2, 3),
    }
    return report_data(**{**fields, **changes})
