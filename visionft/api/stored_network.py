"""The network of a run folder, built without the images of its training."""

from dataclasses import replace

import torch

from visionft.api.model import NetworkEngine, TunedModel
from visionft.assemble.job import build_network
from visionft.assemble.sizing import Sizing
from visionft.checkpoint import RunFolder
from visionft.data.records import Dataset
from visionft.errors import CheckpointError


def stored_engine(folder: RunFolder, dataset: Dataset) -> NetworkEngine:
    """Build the network of a finished run on the device of its recipe.

    Args:
        folder: the run's.
        dataset: any with the classes of the model; how many images it has of each decides only over losses, of which
            nothing is asked.

    Raises:
        CheckpointError: when training has not finished, or the weights do not fit the recipe.
    """
    weights, spec = folder.read_model()
    recipe = folder.recipe
    whole = replace(dataset, samples=tuple(replace(sample, split="train") for sample in dataset.samples))
    sizing = Sizing.recorded(folder.info, recipe, whole)
    network, task, _ = build_network(recipe, whole, sizing, pretrained=False)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{folder.path / 'model.safetensors'}: does not fit its recipe: {error}") from error
    on_cuda = torch.cuda.is_available() and recipe.runtime.device != "cpu"
    return NetworkEngine(TunedModel(network, task, spec).to("cuda" if on_cuda else "cpu"))
