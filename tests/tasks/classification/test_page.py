import numpy as np
import pytest

from visionft.data.records import Dataset, Sample
from visionft.data.targets.label import Label
from visionft.tasks.classification.learning import ClassificationEvaluation
from visionft.tasks.classification.metrics import classification_metrics
from visionft.tasks.classification.page import ClassificationView

NAMES = ("left", "right")


def test_confident_mistakes_and_unsure_answers(image):
    right_N = np.array([0.9, 0.2, 0.55, 0.4])  # chance given to the true class, 0
    probabilities_NK = np.stack([right_N, 1 - right_N], axis=1).astype(np.float32)
    samples = tuple(Sample(f"{number}.png", image, Label(0), "test") for number in range(4))
    metrics = classification_metrics(probabilities_NK, np.zeros(4, np.int64), NAMES, bootstrap=0)
    evaluation = ClassificationEvaluation(metrics, probabilities_NK)
    shown = ClassificationView.section(evaluation, Dataset("halves", samples, NAMES, Label), "test")
    assert [example.id for example in shown.mistakes] == ["1.png", "3.png"]
    assert [example.id for example in shown.unsure] == ["2.png", "0.png"]
    assert {example.predicted for example in shown.mistakes} == {"right"}
    assert shown.mistakes[0].confidence == pytest.approx(0.8)
