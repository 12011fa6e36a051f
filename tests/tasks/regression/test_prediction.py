import json

import numpy as np

from visionft.tasks.regression.prediction import Regression


def test_values_are_named_and_have_units():
    found = Regression.of(np.array([3.42, 120.0], np.float32), ("weight [g]", "height"))
    assert str(found) == "weight 3.42 g  height 120"
    assert found.units == {"weight": "g", "height": ""}
    assert json.loads(json.dumps(found.to_dict())) == {
        "values": {"weight": float(np.float32(3.42)), "height": 120.0},
        "units": {"weight": "g", "height": ""},
    }
