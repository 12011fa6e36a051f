"""One predictor in many threads, and in a pool of processes."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from tests.predict.stand_in import write_model
from visionft import Predictor, open_run
from visionft.errors import CheckpointError, DataError


def colours(count):
    return [np.full((12, 16, 3), number, np.uint8) for number in np.linspace(0, 250, count).astype(np.uint8)]


def probabilities(predictions):
    return [prediction.to_numpy()["probabilities"] for prediction in predictions]


@pytest.fixture
def file(tmp_path):
    return write_model(tmp_path / "m.onnx")


def test_pickles_open_the_file_again_with_what_was_asked_for(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    predictor = Predictor("m.onnx", threads=1, providers=["CPUExecutionProvider"])
    data = pickle.dumps(predictor)
    assert len(data) < 2000  # the path, and no session
    monkeypatch.chdir("/")
    for twin in (pickle.loads(data), copy.deepcopy(predictor)):
        assert twin.spec == predictor.spec
        assert twin._engine._opener.keywords == {"threads": 1, "providers": ["CPUExecutionProvider"]}
        np.testing.assert_array_equal(probabilities(twin(colours(3))), probabilities(predictor(colours(3))))


@pytest.mark.parametrize("live", [False, True], ids=["file", "network"])
def test_eight_threads_are_answered_as_one(finished, live):
    predictor = Predictor(open_run(finished)) if live else Predictor(finished / "model.onnx")
    images = [np.random.default_rng(seed).integers(0, 256, (48, 48, 3), dtype=np.uint8) for seed in range(64)]
    alone = probabilities([predictor(image) for image in images])
    with ThreadPoolExecutor(8) as threads:
        together = probabilities(threads.map(predictor, images))
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_pool_of_spawned_processes(file):
    predictor, images = Predictor(file), colours(6)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = probabilities(pool.map(predictor, images))
    np.testing.assert_array_equal(found, probabilities(predictor(images)))


def test_a_network_goes_along(finished):
    predictor = Predictor(open_run(finished).model)
    image = np.full((48, 48, 3), 200, np.uint8)
    assert pickle.loads(pickle.dumps(predictor))(image) == predictor(image)


def test_training_on_changes_no_answer(finished):
    import torch

    model = open_run(finished).model
    predictor, image = Predictor(model), np.full((48, 48, 3), 200, np.uint8)
    before = predictor(image)
    with torch.no_grad():
        model.head.linear.bias.add_(torch.tensor([5.0, 0.0, 0.0]))
    model.train()
    assert predictor(image) == before
    assert Predictor(model)(image) != before


def test_it_says_what_it_is(file, finished):
    assert repr(Predictor(file)) == f"Predictor({file}: classification, 3 classes, 16 x 12, pad)"
    assert "32 x 32" in repr(Predictor(open_run(finished)))


def test_a_run_folder_means_the_file_in_it(finished, tmp_path):
    image = np.full((48, 48, 3), 200, np.uint8)
    assert Predictor(finished)(image) == Predictor(str(finished / "model.onnx"))(image)
    with pytest.raises(CheckpointError, match="holds no exported model"):
        Predictor(tmp_path)


@pytest.mark.parametrize("bad", [3, None, np.zeros(3), object])
def test_what_is_no_model(bad):
    with pytest.raises(DataError, match="give the path of an exported file, a run"):
        Predictor(bad)


def test_a_network_takes_no_settings_of_files(finished):
    run = open_run(finished)
    for settings in ({"threads": 2}, {"providers": ["CPUExecutionProvider"]}):
        with pytest.raises(DataError, match="are for exported files"):
            Predictor(run, **settings)
    with pytest.raises(DataError, match="threshold"):
        Predictor(run, threshold=0.5)
