"""The model card says what it must, of what the run has written down."""

from pathlib import Path

import pytest

import visionft
from visionft.api.card import model_card
from visionft.export.parity import Limits, Parity
from visionft.models.backbones.terms import terms_of

PARITY = Parity(12, (1, 11), "images", 12, 1.0, 1e-6, "accuracy", 0.9, 0.9, Limits())


@pytest.fixture(scope="module")
def run(finished):
    return visionft.open_run(finished)


def card_of(run, **weights):
    info = {**run.info, "weights": {**run.info["weights"], **weights}}
    return model_card(Path("model.onnx"), run.spec, run.recipe, info, run._measured, PARITY)


def test_every_fact_is_in_the_card_of_a_file(finished, run):
    text = (finished / "model.onnx.card.md").read_text(encoding="utf-8")
    for name in run.spec.class_names:
        assert name in text
    assert run.info["data"]["sha256"] in text
    assert run.spec.provenance["recipe_sha256"] in text
    assert run.spec.provenance["backbone"] in text
    assert "| accuracy |" in text
    assert "95 %" in text
    assert f"name: {run.recipe.backbone.name}" in text
    assert "## Limits" in text


def test_a_run_that_was_not_measured_says_so(run):
    text = model_card(Path("m.onnx"), run.spec, run.recipe, run.info, {}, PARITY)
    assert "visionft eval" in text
    assert "| accuracy" not in text


def test_terms_stand_in_the_card(run):
    assert terms_of("dinov3-license") in card_of(run, licence="dinov3-license").lower()
    assert "**" not in card_of(run, licence="Apache-2.0").partition("## Weights")[2].partition("##")[0]


@pytest.mark.parametrize("licence", ["apache-2.0", "Apache-2.0", "mit", "MIT", "bsd-3-clause", ""])
def test_usual_licences_need_no_words(licence):
    assert terms_of(licence) == ""


@pytest.mark.parametrize(
    "licence",
    ["dinov3-license", "cc-by-nc-4.0", "CC BY-NC 4.0", "fair-noncommercial-research-license", "apple-amlr",
     "nvidia-open-model-license", "NSCLv1", "PML-1.0", "other", "unknown"],
)  # fmt: skip
def test_others_do(licence):
    assert terms_of(licence)
