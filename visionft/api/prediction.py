"""Predictions for files and folders, from an exported file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from visionft.data.walk import images_below
from visionft.errors import CheckpointError, DataError
from visionft.predict import Classification, Predictor


def predict(model: str | Path, images: Sequence[str | Path]) -> Iterator[tuple[Path, Classification]]:
    """Yield each image with its prediction.

    Args:
        model: an exported file, or a run folder that holds one.
        images: files, and folders whose images are meant, sub-folders included.

    Raises:
        DataError: when an image is missing or cannot be read.
    """
    path = Path(model)
    if path.is_dir():
        path = path / "model.onnx"
        if not path.is_file():
            raise CheckpointError(f"{model}: holds no model.onnx; export the run first: visionft export {model}")
    predictor = Predictor(path)
    files = [file for image in images for file in _files(Path(image))]
    yield from zip(files, predictor.stream(files), strict=True)


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if not path.is_dir():
        return [path]
    found, _ = images_below(path, [])
    if not found:
        raise DataError(f"{path}: holds no images")
    return sorted(found)
