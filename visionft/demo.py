"""The whole story on solar cells: train, evaluate, report, export, predict. Offline after installation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from visionft.api import complete, train
from visionft.api.prediction import predict
from visionft.imaging.pixels import require_file
from visionft.training import Sink

RECIPE = "solar_cells"
_SHOWN = 4


def demo(
    *,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    resume: bool = False,
    sinks: Sequence[Sink] = (),
    progress: bool = True,
) -> dict[str, Any]:
    """Fine-tune EfficientNet-Lite0 to tell defective solar cells from functional ones, and ship it.

    Args:
        overrides: ``key=value`` texts laid over the recipe.
        out: the run folder; none takes the next free one.
        resume: go on with the newest demo run, or the one in ``out``.
        sinks: who is told of the progress beside the terminal.
        progress: whether it is shown on stderr.

    Returns:
        What ``complete`` returns, with a few predictions of the exported file under ``predictions``.

    Raises:
        MissingExtra: when the packages with the photographs or the weights are not installed.
    """
    run = train(RECIPE, overrides=overrides, out=out, resume=resume, sinks=sinks, progress=progress)
    summary = complete(run)
    samples = run.samples("test")[:: max(1, len(run.samples("test")) // _SHOWN)][:_SHOWN]
    results = predict(summary["model"], [require_file(sample.image) for sample in samples])
    summary["predictions"] = [
        {"image": str(path), "true": run.spec.class_names[sample.target.classes[0]], **result.to_dict()}
        for sample, (path, result) in zip(samples, results, strict=True)
    ]
    return summary
