"""Validation during training."""

from contextlib import closing

import pytest
import torch

from visionft.assemble import assemble, load_data
from visionft.training.inference import NotFinite, validate


def test_only_the_network_runs_in_bf16(objects):
    """Rounded to bf16, a side of a large object is off by pixels."""
    recipe = objects(runtime={"device": "cpu", "precision": "bf16"})
    job = assemble(recipe, load_data(recipe))
    inside = []
    postprocess = job.network.postprocess

    def watched(outputs):
        inside.append((outputs.logits_BAK.dtype, torch.is_autocast_enabled("cpu")))
        return postprocess(outputs)

    job.network.postprocess = watched
    with closing(job.eval_loader("val", job.input)) as loader:
        validate(job, loader.evaluation())
    assert set(inside) == {(torch.bfloat16, False)}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_answers_that_are_not_finite_are_no_measurement(tiny, number):
    recipe = tiny()
    job = assemble(recipe, load_data(recipe))
    with torch.no_grad():
        next(job.network.head.parameters()).fill_(number)

    with closing(job.val_loader(recipe.stages[0])) as loader, pytest.raises(NotFinite, match="NaN or infinite"):
        validate(job, loader.evaluation())
