"""What a check has to build, or to ask a device for: it loads torch, which most checks do without."""

from functools import partial

from visionft.api.caller_state import caller_state
from visionft.api.exporting import known_to_export, require_exportable
from visionft.api.known_networks import NetworkFacts
from visionft.assemble.images import require_decoder
from visionft.assemble.job import build_task, require_room, require_stages
from visionft.assemble.runtime import Runtime
from visionft.assemble.sizing import Sizing, canvas_of, input_spec
from visionft.data.records import Dataset
from visionft.errors import RecipeError
from visionft.models.backbones import Backbone
from visionft.models.network import TaskNetwork
from visionft.recipe import Recipe
from visionft.spec import FULL_SCALE, InputSpec


@caller_state()
def try_network(recipe: Recipe, dataset: Dataset | None, sizing: Sizing) -> NetworkFacts:
    """Build the network, with weights that are on this machine, on every stage's canvas, and try its export.

    Args:
        recipe: what was asked for.
        dataset: what is to be learned; None for a backbone without a head, which is not exported.
        sizing: what the data have decided.

    Raises:
        VisionftError: for what does not work.
    """
    section = recipe.backbone
    weights = "none" if section.weights == "pretrained" else section.weights  # looking must not download
    backbone = Backbone(section.name, weights, drop_path=section.drop_path, image_size=sizing.size)
    spec = input_spec(recipe, backbone.input, sizing, FULL_SCALE if dataset is None else dataset.reading)
    if dataset is None:
        require_stages(recipe, backbone, spec)
        return NetworkFacts(backbone.input, tuple(group.name for group in backbone.groups))
    task = build_task(recipe, dataset, sizing.arguments)
    network = TaskNetwork(backbone, task.build_head(backbone), spec)
    require_stages(recipe, backbone, spec)
    if not known_to_export(network):
        require_exportable(recipe, network, task, canvas_of(recipe.stages[-1], spec))
    return NetworkFacts(backbone.input, tuple(group.name for group in network.head.groups(backbone)))


@caller_state()
def wrong_with_runtime(recipe: Recipe, dataset: Dataset | None, canvas: InputSpec | None) -> list[str]:
    """Return what this machine lacks that the recipe asks for."""
    from visionft.autotune.choice import require_cuda_where_asked  # loads the loop, too

    try:
        runtime = Runtime.choose(recipe, cores=1)
    except RecipeError as error:
        return [str(error)]
    checks = [partial(require_cuda_where_asked, recipe, runtime), partial(require_decoder, recipe, runtime)]
    if dataset is not None and canvas is not None:
        checks.append(partial(require_room, recipe, runtime, dataset, canvas))
    errors: list[str] = []
    for check_one in checks:
        try:
            check_one()
        except RecipeError as error:
            errors.append(str(error))
    return errors
