"""Predictions for files and folders, from an exported file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from visionft.checkpoint.atomic import write_with
from visionft.data.walk import images_below
from visionft.errors import CheckpointError, DataError
from visionft.predict import Prediction, Predictor, Segmentation


def predict(
    model: str | Path, images: Sequence[str | Path], save: str | Path | None = None
) -> Iterator[tuple[Path, Prediction]]:
    """Yield each image with its prediction.

    Args:
        model: an exported file, or a run folder that holds one.
        images: files, and folders whose images are meant, sub-folders included.
        save: folder for masks (NAME.png, class indices with a palette) and overlays (NAME.overlay.jpg); the images of a
            folder keep their sub-folders.

    Raises:
        DataError: when an image is missing or cannot be read, when two would be saved under one name, or when the
            model's predictions are nothing to draw.
    """
    path = Path(model)
    if path.is_dir():
        path = path / "model.onnx"
        if not path.is_file():
            raise CheckpointError(f"{model}: holds no model.onnx; export the run first: visionft export {model}")
    predictor = Predictor(path)
    if save is not None and predictor.spec.task != "segmentation":
        raise DataError(f"--save: {path} does {predictor.spec.task}, which gives nothing to draw; use --json")
    named = [pair for image in images for pair in _files(Path(image))]
    names = [name.with_suffix("") for _, name in named]
    if save is not None and (twice := sorted({str(name) for name in names if names.count(name) > 1})):
        raise DataError(f"--save: several images are called {twice[0]!r}; give their common folder instead")
    results = predictor.stream(file for file, _ in named)
    for (file, _), name, result in zip(named, names, results, strict=True):
        if save is not None and isinstance(result, Segmentation):
            _save(result, file, Path(save) / name)
        yield file, result


def _save(result: Segmentation, file: Path, stem: Path) -> None:
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        write_with(stem.with_name(f"{stem.name}.png"), result.save)
        write_with(stem.with_name(f"{stem.name}.overlay.jpg"), lambda path: result.save_overlay(file, path))
    except OSError as error:
        raise DataError(f"{stem}: cannot be written ({error.strerror})") from error


def _files(path: Path) -> list[tuple[Path, Path]]:
    """Return the image files that a path stands for, each with the name that it has below the path."""
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if not path.is_dir():
        return [(path, Path(path.name))]
    found, _ = images_below(path, [])
    if not found:
        raise DataError(f"{path}: holds no images")
    return [(file, file.relative_to(path)) for file in sorted(found)]
