"""A picture in a file of its own, which somebody named. Shape suffixes: H height, W width, 3 colour channels (RGB)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.atomic import write_with
from visionft.data.records import Dataset
from visionft.errors import DataError

_OPTION = "--show-augment"


def require_picture_name(path: Path, dataset: Dataset | None = None) -> None:
    """Check that a picture may be written.

    Args:
        path: the file.
        dataset: whose images are not to be overwritten.

    Raises:
        DataError: when it may not.
    """
    if path.suffix.lower() != ".png":
        raise DataError(f"{_OPTION}: {path}: a PNG is written; give a name that ends in .png")
    with _failure_named(path):
        if path.is_dir():
            raise DataError(f"{_OPTION}: {path}: is a folder; give a file")
        if not path.parent.is_dir():
            raise DataError(f"{_OPTION}: {path}: there is no folder {path.parent}; make it, or write elsewhere")
    if dataset is not None and path.resolve() in _files(dataset):
        raise DataError(f"{_OPTION}: {path}: is one of the images and would be overwritten; write elsewhere")


def _files(dataset: Dataset) -> set[Path]:
    return {sample.image.resolve() for sample in dataset.samples if isinstance(sample.image, Path)}


def write_picture(path: Path, picture_HW3: NDArray[np.uint8]) -> None:
    """Write uint8 RGB as PNG, whole or not at all; a file that is there is replaced.

    Raises:
        DataError: when it cannot be written.
    """
    data = cv2.imencode(".png", picture_HW3[..., ::-1])[1]
    with _failure_named(path):
        write_with(path, data.tofile)


@contextmanager
def _failure_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{_OPTION}: {path}: cannot be written ({error.strerror}); write elsewhere") from error
