"""What identifies a data set."""

from pathlib import Path

import numpy as np

from visionft.annotations.polygons import Polygon
from visionft.api.facts import fingerprint
from visionft.data.records import Dataset, Sample
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons


def digest(boxes):
    samples = (Sample("a.png", Path("a.png"), boxes, "train"),)
    return fingerprint(Dataset("cells", samples, ("cell",), type(boxes)))["sha256"]


def test_an_outline_that_changes_changes_the_data():
    plain = Boxes(((0.0, 0.0, 9.0, 9.0),), (0,), (False,))
    square = Polygon((np.float32([(0, 0), (9, 0), (9, 9), (0, 9)]).tobytes(),))
    kite = Polygon((np.float32([(4, 0), (9, 4), (4, 9), (0, 4)]).tobytes(),))
    rest = (plain.xyxy, plain.labels, plain.crowd)
    several = [plain, *(Polygons(*rest, (polygon,)) for polygon in (Polygon(), square, kite))]
    assert len({digest(boxes) for boxes in several}) == 4
    assert digest(several[2]) == digest(Polygons(*rest, (Polygon(square.rings),)))
