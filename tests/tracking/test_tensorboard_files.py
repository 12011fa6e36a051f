"""What TensorBoard reads of a run."""

import cv2
import numpy as np
import pytest

from visionft.tracking.base import TrackerOptions
from visionft.tracking.tensorboard_files import FOLDER, TensorBoardTracker

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData


def read(run):
    accumulator = EventAccumulator(str(run.folder / FOLDER), size_guidance={"scalars": 0, "images": 0})
    accumulator.Reload()
    return accumulator


def scalars(run, name):
    return [(event.step, round(event.value, 6)) for event in read(run).Scalars(name)]


def test_values_pictures_and_the_recipe(run, picture):
    tracker = TensorBoardTracker(run, TrackerOptions())
    tracker.rewind(0)
    tracker.log({"step/loss": 0.5, "lr/head": 0.01}, 1)
    tracker.log({"epoch": 1, "val/accuracy": 0.75}, 2)
    tracker.image("augmented", picture, 2)
    tracker.close(finished=True)
    held = read(run)
    assert scalars(run, "step/loss") == [(1, 0.5)]
    assert scalars(run, "val/accuracy") == [(2, 0.75)]
    (image,) = held.Images("augmented")
    decoded = cv2.imdecode(np.frombuffer(image.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert image.step == 2
    assert np.array_equal(decoded, picture)
    start = HParamsPluginData.FromString(held.SummaryMetadata("_hparams_/session_start_info").plugin_data.content)
    parameters = start.session_start_info.hparams
    assert parameters["optim.batch_size"].number_value == 16
    assert parameters["stages.all.head_lr"].number_value == 0.001


def test_steps_that_come_again_are_shown_once(run):
    first = TensorBoardTracker(run, TrackerOptions())
    first.rewind(0)
    for step in (1, 2, 3, 4):
        first.log({"step/loss": step}, step)
    first.close(finished=False)
    again = TensorBoardTracker(run, TrackerOptions())
    again.rewind(2)
    for step in (3, 4, 5):
        again.log({"step/loss": step}, step)
    again.close(finished=True)
    assert scalars(run, "step/loss") == [(step, step) for step in (1, 2, 3, 4, 5)]


def test_results_take_nothing_away(run):
    for values in ({"epoch": 1, "val/accuracy": 0.5}, {"test/accuracy": 0.25}):
        tracker = TensorBoardTracker(run, TrackerOptions())
        tracker.log(values, 7)
        tracker.close(finished=True)
    assert scalars(run, "val/accuracy") == [(7, 0.5)]
    assert scalars(run, "test/accuracy") == [(7, 0.25)]
