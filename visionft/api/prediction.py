"""Predictions for files and folders, from an exported file."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from visionft.atomic import write_with
from visionft.errors import DataError
from visionft.imaging.inputs import what_else
from visionft.predict import Predictor
from visionft.predict.engine import locate_exported
from visionft.predict.sources import images_of_folder
from visionft.tasks import TASKS
from visionft.tasks.base import DrawablePrediction, Prediction


def predict(
    model: str | Path,
    images: Sequence[str | Path],
    save: str | Path | None = None,
    on_error: Callable[[Path, DataError], None] | None = None,
    threshold: float | None = None,
    on_skipped: Callable[[str], None] | None = None,
) -> Iterator[tuple[Path, Prediction]]:
    """Yield each image with its prediction.

    Args:
        model: an exported file, or a run folder that holds one.
        images: files, and folders whose images are meant, sub-folders included.
        save: folder for masks (NAME.png, class indices with a palette) or objects (NAME.json), and overlays
            (NAME.overlay.jpg); the images of a folder keep their sub-folders, and images that differ only in their
            extension keep it in the name.
        on_error: called for an image that cannot be used, which is then left out; none raises.
        threshold: least score of what is reported, in [0, 1]; none takes the model's own for each class.
        on_skipped: called with what lies in folders and is left out: files that are no images, hidden ones.

    Raises:
        CheckpointError: when there is no exported file, or it cannot be run.
        DataError: when an image is missing or cannot be read, when something would be saved over one of the images
            or over another prediction, when the model's predictions are nothing to draw,
            or when it takes no threshold or not this one.
    """
    path = locate_exported(Path(model).expanduser())
    predictor = Predictor(path, threshold=threshold)
    endings = TASKS[predictor.spec.task].prediction.endings
    if save is not None and not endings:
        raise DataError(f"--save: {path} does {predictor.spec.task}, which gives nothing to draw; use --json")
    named = [pair for image in images for pair in _files(image, on_skipped)]
    folder = None if save is None else Path(save).expanduser()
    stems = [] if folder is None else _stems(named, folder, endings)
    tell = None if on_error is None else lambda frame, error: on_error(frame.image, error)
    for frame, result in predictor.watch([file for file, _ in named], on_error=tell):
        file = named[frame.number][0]
        if folder is not None and isinstance(result, DrawablePrediction):
            _save(result, file, [_output(stems[frame.number], ending) for ending in endings])
        yield file, result


def _stems(named: Sequence[tuple[Path, Path]], save: Path, endings: Sequence[str]) -> list[Path]:
    """Return what each image's files are called, without their endings."""
    bare = Counter(name.with_suffix("") for _, name in named)
    stems = [save / (name.with_suffix("") if bare[name.with_suffix("")] == 1 else name) for _, name in named]
    of_stem: dict[Path, Path] = {}
    inputs = {file.resolve() for file, _ in named}
    for (file, _), stem in zip(named, stems, strict=True):
        if stem in of_stem:
            first = _output(stem, endings[0])
            raise DataError(f"--save: {of_stem[stem]} and {file} would both be saved as {first}; save them apart")
        of_stem[stem] = file
        for output in (_output(stem, ending) for ending in endings):
            if output.resolve() in inputs:
                raise DataError(f"--save: {output} is one of the images and would be overwritten; save elsewhere")
    return stems


def _output(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}{ending}")


def _save(result: DrawablePrediction, file: Path, outputs: Sequence[Path]) -> None:
    itself, overlay = outputs
    try:
        itself.parent.mkdir(parents=True, exist_ok=True)
        write_with(itself, result.save)
        write_with(overlay, lambda path: result.save_overlay(file, path))
    except OSError as error:
        raise DataError(f"{itself}: cannot be written ({error.strerror})") from error


def _files(path_or_name: str | Path, on_skipped: Callable[[str], None] | None) -> list[tuple[Path, Path]]:
    """Return the image files that a path stands for, each with the name that it has below the path."""
    path = Path(path_or_name).expanduser()
    if not path.exists():
        raise DataError(f"{path_or_name}: {what_else(str(path_or_name)) or 'no such file'}")
    if not path.is_dir():
        return [(path, Path(path.name))]
    tell = None if on_skipped is None else lambda problem: on_skipped(str(problem))
    return [(file, file.relative_to(path)) for file in images_of_folder(path, tell)]
