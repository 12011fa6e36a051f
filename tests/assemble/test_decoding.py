"""Whether a run decodes JPEGs in full: asked for, or decided by its images, written down, and kept with the model."""

import json

import cv2
import numpy as np
import pytest

import visionft as vft
from visionft.assemble import assemble, load_data
from visionft.assemble.sizing import Sizing
from visionft.imaging.inputs import load
from visionft.recipe.load import recipe_from_data
from visionft.spec import InputSpec, ModelSpec

HEAD = [{"name": "head", "unfreeze": "none", "epochs": 1}]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two classes of JPEGs of 200 x 150, and the same as PNGs."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for name in ("dark", "light"):
        for number in range(12):
            coarse = rng.integers(0, 120, (6, 8, 3)) + (0 if name == "dark" else 120)
            picture = cv2.resize(coarse.astype(np.uint8), (200, 150), interpolation=cv2.INTER_CUBIC)
            for kind in ("jpg", "png"):
                folder = root / kind / name
                folder.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(folder / f"{number}.{kind}"), picture)
    return root


@pytest.fixture
def decoded(tiny, photos):
    """Return a function that assembles a recipe on the photos and returns how they are decoded."""

    def decide(kind="jpg", stages=HEAD, runtime=None, **section):
        recipe = tiny(data={"path": str(photos / kind)}, input=section, stages=stages, runtime=runtime or {})
        job = assemble(recipe, load_data(recipe))
        assert job.sizing.decode == job.canvas.decode == job.input.decode
        return job.input.decode

    return decide


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({}, "full"),
        ({"decode": "full", "size": 32}, "full"),
        ({"decode": "reduced", "size": 160}, "reduced"),
        ({"decode": "auto", "size": 32}, "reduced"),  # 150 / 32 > 4
        ({"decode": "auto", "size": 40}, "full"),  # 150 / 40 < 4
        ({"decode": "auto", "size": [32, 64]}, "full"),
        ({"decode": "auto", "size": 32, "fit": "crop", "crop_pct": 0.8}, "full"),  # enlarged to 40 before it is cut
        ({"decode": "auto", "size": 32, "kind": "png"}, "full"),
        ({"decode": "auto", "size": 32, "stages": [{**HEAD[0], "image_size": 64}, {**HEAD[0], "name": "b"}]}, "full"),
    ],
)
def test_what_decides(decoded, section, expected):
    assert decoded(**section) == expected


def test_data_alone_are_decided_by_the_images(photos):
    assert recipe_from_data(photos / "jpg").input.decode == "auto"
    assert recipe_from_data(photos / "jpg", {"input.decode": "full"}).input.decode == "full"


def test_nvjpeg_has_one_size(tiny):
    with pytest.raises(ValueError, match=r"runtime\.decode: cuda decodes in full"):
        tiny(input={"decode": "reduced"}, runtime={"decode": "cuda"})


def test_what_was_decided_is_kept_and_runs_of_before_decode_in_full(tiny, photos):
    recipe = tiny(data={"path": str(photos / "jpg")}, input={"decode": "auto"}, stages=HEAD)
    dataset = load_data(recipe)
    written = json.loads(json.dumps(assemble(recipe, dataset).sizing.to_dict()))
    assert Sizing.recorded({"sizing": written}, recipe, dataset).decode == "reduced"
    del written["decode"]
    assert Sizing.recorded({"sizing": written}, recipe, dataset).decode == "full"
    assert Sizing.recorded({}, recipe, dataset).decode == "full"


def test_specs_of_before_decode_in_full():
    spec = ModelSpec("classification", ("a", "b"), InputSpec(32, 32, decode="reduced"))
    assert ModelSpec.from_json(spec.to_json()) == spec
    older = json.loads(spec.to_json())
    del older["input"]["decode"]
    assert ModelSpec.from_json(json.dumps(older)).input.decode == "full"


def test_the_exported_file_sees_what_training_saw(tiny, photos, tmp_path):
    recipe = tiny(data={"path": str(photos / "jpg")}, input={"decode": "auto", "fit": "crop"}, stages=HEAD)
    run = vft.train(recipe, out=tmp_path / "run", sinks=[], progress=False)
    file = run.export().path
    assert run.info["sizing"]["decode"] == "reduced"
    predictor = vft.Predictor(file, threads=1)
    assert predictor.spec.input.decode == "reduced"
    (batch,) = run.batches("test")
    samples = run.samples("test")
    for image_HW3, sample in zip(batch.images_BHW3.numpy(), samples, strict=True):
        assert np.array_equal(load(sample.image, predictor.spec.input).pixels_HW3, image_HW3)
    measured = run.evaluate("test").to_dict()["accuracy"]
    assert measured == vft.evaluate(file, split="test").to_dict()["accuracy"]
