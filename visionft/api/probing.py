"""Which pretrained network suits some data, and what its features say of them."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from visionft.api.caller_state import caller_state
from visionft.api.resolving import Asked, Data, understand
from visionft.assemble import load_data
from visionft.atomic import write_json
from visionft.errors import OutputError
from visionft.probing import ProbeResult, parse_backbones
from visionft.probing import probe as probe_networks
from visionft.probing.page import write_page
from visionft.recipe import Overrides
from visionft.training import Sink
from visionft.training.console import Console
from visionft.training.events import Working


@caller_state()
def probe(
    recipe: Asked | None = None,
    *,
    backbones: str | Iterable[str | Mapping[str, Any] | Sequence[str]] = "small",
    data: Data | None = None,
    overrides: Overrides = (),
    out: str | Path | None = None,
    sinks: Sequence[Sink] = (),
    progress: bool = True,
) -> ProbeResult:
    """Compare pretrained networks on data without training them, and look for copies and wrong labels.

        result = vft.probe("photos/", backbones=["resnet18", "resnet50:weights.pth"])
        print(result)

    Each network runs over every image once. A linear layer learns from its features in five folds, in which copies are
    together; the score is that of images which it has not learned from. Test images are never learned from.

    Args:
        recipe: data (a folder of images, a CSV manifest, a ``vft.Dataset``), or a recipe that names some.
        backbones: names as ``backbone.name`` of a recipe takes them, each with its weights behind a colon where these
            are not the library's; dicts with ``name`` and ``weights``; or ``small``, a list of small networks.
        data: what to look at in the place of the recipe's data.
        overrides: laid over the recipe: ``key=value`` texts, or a dict.
        out: a folder for the page, ``probe.json`` and the features, which later probes of the same images use; none
            keeps nothing.
        sinks: who is told of the progress beside the terminal.
        progress: whether it is shown on stderr.

    Returns:
        The networks, the best first, and what the features of the best say of the data.

    Raises:
        VisionftError: see ``visionft/errors.py``. A network that cannot be had is a row with its reason.
    """
    choices = parse_backbones(backbones)
    request = understand(recipe, overrides, data)
    folder = None if out is None else _made(Path(out).expanduser())
    with ExitStack() as shown:
        told = [shown.enter_context(closing(Console())), *sinks] if progress else sinks

        def on_progress(what: str, done: int, total: int) -> None:
            for sink in told:
                sink(Working(what, done, total))

        dataset = load_data(
            request.recipe, lambda done, total: on_progress("reading images", done, total), request.data
        )
        result = probe_networks(request.recipe, dataset, choices, folder, on_progress)
    if folder is None:
        return result
    result = replace(result, page=folder / "probe.html")
    write_page(result, dataset, folder / "probe.html")
    write_json(folder / "probe.json", result.to_dict())
    return result


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made a folder: {error.strerror}") from error
    return folder
