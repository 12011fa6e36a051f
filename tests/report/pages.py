"""Report data for the tests, and what a browser would make of a page."""

from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
from PIL import Image

from tests.tasks.classification.predictions import simulate
from visionft.data.records import Problem
from visionft.report import (
    AugmentationFacts,
    DatasetFacts,
    ModelFacts,
    PredictedPicture,
    ReportData,
    SeenImage,
    StageFacts,
)
from visionft.tasks.classification.metrics import classification_metrics
from visionft.tasks.classification.page import ClassificationSection

ATTACK = "<script>alert(1)</script>"
QUOTES = "\" onload='alert(1)' x=\""
VOID = {"meta", "img", "input", "br"}  # the elements of the page that HTML never closes


def history(*epochs_of_stages):
    """Return rows with falling losses for stages of the given lengths."""
    rows = []
    for stage, epochs in enumerate(epochs_of_stages):
        for _ in range(epochs):
            epoch = len(rows) + 1
            val = {"loss": 2 / epoch, "accuracy": 1 - 0.5 / epoch, "balanced_accuracy": 1 - 0.6 / epoch}
            rows.append(
                {
                    "stage": stage,
                    "stage_name": f"stage {stage}",
                    "epoch": epoch,
                    "step": 10,
                    "train_loss": 3 / epoch,
                    "lr": 1e-3 / epoch,
                    "val": val,
                    "images_per_second": 30.0,
                    "seconds": 12.0,
                }
            )
    return tuple(rows)


def measured(names, samples=120, seed=0):
    """Return metrics of simulated predictions over these classes."""
    probabilities_NK, labels_N = simulate(samples, len(names), seed, sharpness=3.0)
    return classification_metrics(probabilities_NK, labels_N, names, bootstrap=50)


def example(true="cat", predicted="dog", confidence=0.9, identifier="cat/1.jpg"):
    """Return a mistake with a plain red image."""
    image_HW3 = np.zeros((40, 60, 3), np.uint8)
    image_HW3[..., 0] = 255
    return PredictedPicture(id=identifier, image_HW3=image_HW3, true=true, predicted=predicted, confidence=confidence)


def stage(name="head", best_epoch=2):
    """Return what a stage did."""
    return StageFacts(
        name=name,
        trainable="head",
        trainable_parameters=12810,
        head_rate=3e-4,
        backbone_rate=None,
        epochs=2,
        best_epoch=best_epoch,
        best_value=0.75,
        seconds=75.0,
        ended="ran its 2 epochs",
    )


def augmentation(text="all", problem=""):
    """Return two images of two pictures each, blue and then green, or a problem in their place."""
    pictures_HW3 = []
    for channel, name in ((2, "not augmented"), (1, "epoch 4")):
        picture_HW3 = np.zeros((40, 60, 3), np.uint8)
        picture_HW3[..., channel] = 255
        pictures_HW3.append((name, picture_HW3))
    images = [SeenImage(id=text, label=label, pictures_HW3=tuple(pictures_HW3)) for label in (text, "")]
    shown = {"problem": problem} if problem else {"images": tuple(images)}
    return AugmentationFacts(stage=text, strength="medium", how=f"flipped like {text}", **shown)


def section(names=("cat", "dog", "emu"), **changes):
    """Return what a classifier's report shows, with some fields changed."""
    fields = {
        "metrics": measured(names),
        "mistakes": (example(),),
        "unsure": (example("cat", "cat", 0.4, "cat/2.jpg"),),
    }
    return ClassificationSection(**{**fields, **changes})


def report_data(names=("cat", "dog", "emu"), **changes):
    """Return a complete report of a classifier, with some fields of it or of its section changed."""
    own = {name: changes.pop(name) for name in ("metrics", "mistakes", "unsure") if name in changes}
    fields = {
        "title": "Animals",
        "dataset": DatasetFacts(name="zoo", source="a keeper", licence="CC0", images={"train": 1000, "test": 120}),
        "model": ModelFacts(backbone="resnet18", weights="none", parameters=11_000_000, input="64 × 64 pixels"),
        "section": section(names, **own),
        "split": "test",
        "selection": "balanced_accuracy",
        "stages": (stage(), stage("all", best_epoch=5)),
        "history": history(2, 3),
        "problems": (Problem("cat/3.jpg", "truncated"),),
        "recipe": "seed: 0\n",
        "provenance": {"Seed": "0"},
    }
    return ReportData(**{**fields, **changes})


class Page(HTMLParser):
    """Elements with their attributes, and the text outside of styles; fails on tags that do not nest."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(html)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] != "style":
            self.texts.append(data)

    def all(self, tag):
        """Return the attributes of all elements of one kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        """All text, with every stretch of white space as one plain space."""
        return " ".join(" ".join(self.texts).split())


def read(uri):
    """Return the picture that a data URI holds."""
    head, _, body = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(BytesIO(b64decode(body)))
