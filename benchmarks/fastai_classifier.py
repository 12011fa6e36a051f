"""fastai's ``fine_tune`` on the table of ``plain_classifier``, with its arguments: one epoch frozen, then others.

FASTAI_PYTHON benchmarks/fastai_classifier.py TABLE NETWORK WEIGHTS STARTED [--epochs 3] ...

Runs in an environment that has fastai and timm, which visionft does not need. ``--lr`` is fine_tune's base rate, and
3e-4, the default of the other tool, stands for fastai's own, 2e-3.
"""

import json
import sys
import time
from pathlib import Path

import pandas as pd
from fastai.callback.core import Callback
from fastai.callback.schedule import *  # noqa: F403  # fine_tune is a method that this adds
from fastai.metrics import accuracy
from fastai.torch_core import set_seed
from fastai.vision.augment import Resize, ResizeMethod, aug_transforms
from fastai.vision.data import ImageDataLoaders
from fastai.vision.learner import vision_learner

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.plain_classifier import arguments


class Told(Callback):  # type: ignore[misc]  # fastai has no types
    """Prints what each epoch has reached."""

    order = 60  # after the recorder

    def __init__(self, started: float) -> None:
        self.started = started

    def after_epoch(self) -> None:
        """Print a line of JSON."""
        reached = {"seconds": time.time() - self.started, "accuracy": float(self.recorder.values[-1][-1])}
        print(json.dumps(reached), flush=True)


def main() -> None:
    """Train, and print what is reached after each epoch."""
    asked = arguments(__doc__).parse_args()
    set_seed(asked.seed)
    rows = pd.read_csv(asked.table, dtype=str)
    rows["is_valid"] = rows["split"] == "val"
    flips = {"do_flip": asked.orientation != "fixed", "flip_vert": asked.orientation == "any"}
    loaders = ImageDataLoaders.from_df(
        rows,
        path="/",
        fn_col="path",
        label_col="label",
        valid_col="is_valid",
        item_tfms=Resize(asked.size, method=ResizeMethod.Squish),
        batch_tfms=aug_transforms(size=asked.size, **flips),
        bs=asked.batch,
        num_workers=asked.workers,
    )
    learner = vision_learner(
        loaders,
        asked.network,
        metrics=accuracy,
        pretrained_cfg_overlay={"file": asked.weights},
        path=asked.table.parent,
        cbs=Told(asked.started),
    )
    rate = {} if asked.lr == arguments(None).get_default("lr") else {"base_lr": asked.lr}
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(asked.epochs, freeze_epochs=1, **rate)


if __name__ == "__main__":
    main()
