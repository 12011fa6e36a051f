import json

import numpy as np

from visionft.tasks.multilabel.prediction import Labels
from visionft.tasks.multilabel.ranking import thresholds_of

NAMES = ("bird", "cat", "dog")


def predict(probabilities, thresholds):
    return Labels.of(np.array(probabilities, np.float32), NAMES, thresholds)


def test_labels_that_reach_their_threshold_come_by_falling_probability():
    found = predict([0.6, 0.3, 0.9], (0.5, 0.25, 0.95))
    assert found.labels == ("bird", "cat")
    assert str(found) == "bird 0.6000, cat 0.3000"


def test_a_threshold_is_reached_as_float32():
    assert predict([0.1, 0.7, 0.3], (0.1, 0.7, 0.3)).labels == ("cat", "dog", "bird")


def test_no_label_is_an_answer():
    found = predict([0.1, 0.2, 0.3], (0.5, 0.5, 0.5))
    assert found.labels == ()
    assert str(found) == "no label"


def test_json_has_labels_and_all_probabilities():
    plain = predict([0.5, 0.25, 0.75], (0.5, 0.5, 0.5)).to_dict()
    assert plain == {"labels": ["dog", "bird"], "probabilities": {"bird": 0.5, "cat": 0.25, "dog": 0.75}}
    assert json.loads(json.dumps(plain)) == plain


def test_which_thresholds_count():
    assert thresholds_of((0.2, 0.3), 2) == (0.2, 0.3)
    assert thresholds_of((0.2, 0.3), 2, 0.9) == (0.9, 0.9)
    assert thresholds_of((), 2) == (0.5, 0.5)
