"""A model reads values of more than 8 bits wherever it sees images as its training images showed them."""

import cv2
import numpy as np
import pytest

import visionft as vft
from visionft.imaging.levels import to_8_bits
from visionft.recipe import Recipe

TWELVE = (0.0, 4095.0)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return two folders of the same pictures: of 12 bits in 16, and of the 8 bits that they are read as."""
    root = tmp_path_factory.mktemp("deep")
    for label, grey in (("dark", 600), ("light", 2600)):
        for split, count in (("train", 6), ("val", 3), ("test", 3)):
            for number in range(count):
                seed = number + 10 * len(split) + grey
                deep = np.random.default_rng(seed).integers(grey, grey + 1400, (40, 40, 3)).astype(np.uint16)
                for name, pixels in (("deep", deep), ("plain", to_8_bits(deep, TWELVE))):
                    path = root / name / split / label / f"{number}.png"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    cv2.imwrite(str(path), pixels)
    return root / "deep", root / "plain"


def recipe(path):
    return Recipe.model_validate(
        {
            "name": "deep",
            "data": {"path": str(path)},
            "backbone": {"name": "test_resnet", "weights": "none"},
            "input": {"size": 32},
            "optim": {"batch_size": 6},
            "runtime": {"device": "cpu", "precision": "fp32", "workers": 0},
            "evaluate": {"bootstrap": 20},
            "stages": [
                {"name": "all", "unfreeze": "all", "epochs": 2, "norm": "all", "head_lr": 1e-2, "backbone_lr": 1e-2}
            ],
        }
    )


def test_the_same_weights_and_predictions(pictures, tmp_path):
    runs = [vft.train(recipe(path), out=tmp_path / path.name, sinks=[]) for path in pictures]
    assert [run.spec.input.reading.range for run in runs] == [TWELVE, None]
    weights = [run.model.state_dict() for run in runs]
    assert all(bool((one == weights[1][name]).all()) for name, one in weights[0].items())
    predictor = vft.Predictor(runs[0].export().path)
    image, same = (path / "test/light/0.png" for path in pictures)
    array = cv2.imread(str(image), cv2.IMREAD_UNCHANGED)[..., ::-1]
    found = [dict(predictor(given).probabilities) for given in (image, array, same)]
    assert found[0] == found[1] == found[2]
    measured = [
        vft.evaluate(runs[0].path / "model.onnx", data=recipe(path), split="test").to_dict() for path in pictures
    ]
    assert measured[0] == measured[1]
    alone = tmp_path / "alone.onnx"
    alone.write_bytes((runs[0].path / "model.onnx").read_bytes())
    floats = tmp_path / "floats"
    for file in sorted(pictures[0].glob("test/*/*.png")):
        path = floats / "test" / file.parent.name / f"{file.stem}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), cv2.imread(str(file), cv2.IMREAD_UNCHANGED).astype(np.float32))
    of_floats = vft.evaluate(alone, data=floats, split="test").to_dict()
    assert {**of_floats, "intervals": None} == {**measured[0], "intervals": None}  # of more resamples
