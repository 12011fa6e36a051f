"""Validation during training."""

from contextlib import closing

import torch

from visionft.assemble import assemble, load_data
from visionft.training.inference import validate


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
