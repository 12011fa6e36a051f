"""What learns to count."""

from typing import NamedTuple

import numpy as np
import torch.nn.functional as F

from counting.definition import CountMetrics, measure, objects_in
from visionft.models.heads import HEADS
from visionft.tasks.base import Agreement
from visionft.tasks.learner import run_on_canvases


class CountEvaluation(NamedTuple):
    metrics: CountMetrics
    found_N: np.ndarray


class CountMeter:
    def __init__(self):
        self._found, self._true = [], []

    def update(self, results, targets):
        self._found.extend(results["number"])
        self._true.extend((targets[..., 4] >= 0).sum(axis=1))

    def values(self):
        metrics = measure(np.array(self._found), np.array(self._true))
        return {score.name: getattr(metrics, score.name) for score in metrics.scores}


class Counting:
    kind = "counting"
    headline = "mae"
    answers = "images"
    min_agreement = 1.0
    max_difference = 1e-3

    def __init__(self, class_names, *, head="linear", dropout=0.0):
        self.class_names = tuple(class_names)
        self._head, self._dropout = head, dropout

    def build_head(self, backbone):
        make = HEADS[self._head]
        return make(backbone.embedding_dim, 1, self._dropout, loss=self._losses, activation=self._number)

    def _losses(self, outputs, targets):
        true_B = (targets[..., 4] >= 0).sum(dim=1).float()  # other rows of boxes_BN5 are padding, or crowds
        return {"squared_error": F.mse_loss(outputs[:, 0].float(), true_B.log1p())}

    def _number(self, outputs):
        return outputs[:, 0].float().expm1().clamp(min=0)

    def meter(self):
        return CountMeter()

    def evaluate(self, samples, spec, run, *, batch_size, bootstrap, seed, thresholds=(), on_done=None):
        found_N = run_on_canvases(samples, spec, run, batch_size=batch_size, on_done=on_done)["number"]
        true_N = np.array([objects_in(sample) for sample in samples])
        return CountEvaluation(measure(found_N, true_N, bootstrap=bootstrap, seed=seed), found_N)

    def outputs(self, results):
        return (results,)

    def derived(self, results):
        return ()

    def compare(self, actual, expected):
        off_B = np.abs(actual["number"] - expected["number"])
        return Agreement(int((off_B < 0.5).sum()), off_B.size, float(off_B.max()))
