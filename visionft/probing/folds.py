"""Which images are probed together, and which are held out.

Shape suffixes: N images.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from visionft.data.records import Sample
from visionft.data.split import content_hash
from visionft.errors import DataError
from visionft.imaging.pixels import Pixels
from visionft.imaging.regular_file import read_regular_file
from visionft.metrics.scores import Ints
from visionft.seeds import unit_interval

FOLDS = 5
HELD_BACK = -1
"""The fold of test images, from which nothing is learned."""


def contents_of(samples: Sequence[Sample]) -> list[str]:
    """Return a hash of each image's bytes, or of its pixels where it lies in memory.

    Raises:
        DataError: when a file cannot be read any more.
    """
    found = []
    for sample in samples:
        try:
            image = sample.image
            found.append(image.content if isinstance(image, Pixels) else content_hash(read_regular_file(image)))
        except OSError as error:
            raise DataError(f"{sample.id}: cannot be read ({error.strerror})") from error
    return found


def assign_folds(samples: Sequence[Sample], contents: Sequence[str]) -> Ints:
    """Return fold_N, 0..4, of the training and validation images, and ``HELD_BACK`` of test images.

    What is in the files decides, as for the splits, so that copies are in one fold; where every image has one class,
    each class is dealt out evenly. The same images are in the same folds for every network.

    Raises:
        DataError: when there are too few different images.
    """
    strata: dict[object, list[str]] = defaultdict(list)
    fold_of: dict[str, int] = {}
    probed = {content: sample for sample, content in zip(samples, contents, strict=True) if sample.split != "test"}
    for content in sorted(probed, key=lambda content: unit_interval("fold", content)):
        target = probed[content].target
        strata[target.classes if target.exclusive else None].append(content)
    folds = min(FOLDS, len(probed))
    if folds < 3:
        raise DataError(
            f"{len(probed)} different images outside of the test part; a probe learns from some and is measured on "
            "others: give at least 3, better 50"
        )
    dealt = 0
    for _, of_stratum in sorted(strata.items(), key=lambda item: str(item[0])):
        for content in of_stratum:
            fold_of[content] = dealt % folds
            dealt += 1
    return np.array(
        [
            HELD_BACK if sample.split == "test" else fold_of[content]
            for sample, content in zip(samples, contents, strict=True)
        ]
    )
