"""With how many threads a run trains: what is measured, what is kept to, and what the caller gets back."""

import cv2
import onnxruntime
import pytest
import torch

import visionft as vft
from visionft.api import caller_state as states
from visionft.api.caller_state import caller_state
from visionft.assemble import assemble, load_data
from visionft.autotune import threads
from visionft.autotune.threads import Threads, decide_threads, faster, keep_to_threads
from visionft.checkpoint import Checkpoint, RunFolder
from visionft.predict.runtimes import onnx_runtime


@pytest.fixture(autouse=True)
def as_before():
    with caller_state():
        yield


@pytest.fixture
def decided(tiny, tmp_path):
    """Return a function that decides for a recipe and returns what is set, told and written down."""

    def decide(runtime=None, folder=None, steps=1):
        recipe = tiny(stages=[{"name": "all", "unfreeze": "all", "steps": steps}], runtime=runtime or {})
        folder = folder or RunFolder.create(recipe, tmp_path / "run")
        told = []
        decide_threads(assemble(recipe, load_data(recipe)), folder, told.append)
        return torch.get_num_threads(), told, folder.info["threads"]

    return decide


def test_one_thread_only_where_it_is_clearly_faster():
    assert faster({8: 1.0, 1: 0.79}).number == 1
    assert faster({8: 1.0, 1: 0.81}).number == 8
    assert faster({2: 10.0, 1: 1.0}) == Threads(1, "measured", {"2": 10.0, "1": 1.0})


def test_a_short_run_measures_nothing(decided, monkeypatch):
    monkeypatch.setattr(threads, "training_step", None)  # which would fail
    torch.set_num_threads(2)
    assert decided() == (2, [], {"number": 2, "why": "as there are cores", "step": None})


@pytest.mark.parametrize(("spinning", "number"), [(True, 1), (False, 2)])
def test_a_long_run_takes_what_is_faster(decided, monkeypatch, spinning, number):
    """Beside other work a step with two threads takes ten times as long; else half as long."""
    monkeypatch.setattr(threads, "usable_cores", lambda: 2)
    torch.set_num_threads(2)
    one, two = 0.2, 2.0 if spinning else 0.1
    monkeypatch.setattr(threads, "seconds_of", lambda *_: one if torch.get_num_threads() == 1 else two)
    found, told, recorded = decided(steps=300)
    assert (found, recorded["why"]) == (number, "measured")
    assert recorded["step"] == {"1": one, "2": two}
    assert ["runtime.threads=2" in text for text in told] == ([True] if spinning else [])


def test_measuring_leaves_the_network_as_it_is(tiny, tmp_path):
    recipe = tiny(stages=[{"name": "all", "unfreeze": "all", "steps": 300, "norm": "all"}])
    job = assemble(recipe, load_data(recipe))
    before = {name: tensor.clone() for name, tensor in job.network.state_dict().items()}
    random = torch.get_rng_state()
    torch.set_num_threads(2)
    folder = RunFolder.create(recipe, tmp_path / "run")
    decide_threads(job, folder, lambda _: None)
    assert set(folder.info["threads"]["step"]) == {"1", "2"}
    assert all(torch.equal(tensor, before[name]) for name, tensor in job.network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)


def test_what_is_asked_for_is_taken(decided):
    assert decided({"threads": 3})[0] == 3
    assert cv2.getNumThreads() <= 3


def test_a_resumed_run_keeps_its_number_and_says_what_that_costs(decided, tiny, tmp_path, monkeypatch):
    folder = RunFolder.create(tiny(), tmp_path / "begun")
    folder.record(threads={"number": 2, "why": "measured", "step": {"1": 2.0, "2": 1.0}})
    monkeypatch.setattr(threads, "usable_cores", lambda: 1)
    torch.set_num_threads(1)
    found, told, recorded = decided(folder=folder)
    assert (found, recorded["number"], recorded["step"]) == (2, 2, {"1": 2.0, "2": 1.0})
    assert ["runtime.threads=1" in text for text in told] == [True]
    monkeypatch.setattr(threads, "usable_cores", lambda: 2)
    assert decided(folder=folder)[1] == []
    assert decided({"threads": 1}, folder=folder)[0] == 1


def test_a_run_of_before_keeps_the_number_it_had(decided, tiny, tmp_path):
    folder = RunFolder.create(tiny(), tmp_path / "old")
    folder.record(environment={"threads": 3})
    folder.checkpoints.save(1, Checkpoint({}, {}, {}, {}), best_changed=True)
    assert decided(folder=folder)[0] == 3


def test_what_is_measured_later_keeps_to_it():
    torch.set_num_threads(2)
    keep_to_threads({"threads": {"number": 8, "why": "measured", "step": None}})
    assert torch.get_num_threads() == 2  # on a smaller machine
    keep_to_threads({})
    keep_to_threads({"threads": {"number": 1, "why": "measured", "step": None}})
    assert torch.get_num_threads() == 1


def test_no_more_threads_than_cores_and_the_callers_back(monkeypatch):
    monkeypatch.setattr(states, "usable_cores", lambda: 2)
    torch.set_num_threads(4)
    cv2.setNumThreads(4)
    within = caller_state()(lambda: (torch.get_num_threads(), cv2.getNumThreads()))()
    assert within == (2, 2)
    assert (torch.get_num_threads(), cv2.getNumThreads()) == (4, 4)
    torch.set_num_threads(1)
    assert caller_state()(torch.get_num_threads)() == 1  # what the caller has lowered stays


def test_a_training_gives_the_callers_number_back(tiny, tmp_path):
    torch.set_num_threads(2)
    head = [{"name": "head", "unfreeze": "none", "steps": 1}]
    run = vft.train(tiny(stages=head, runtime={"threads": 1}), out=tmp_path / "run", sinks=[], progress=False)
    assert torch.get_num_threads() == 2
    assert (run.info["threads"]["number"], run.info["environment"]["threads"]) == (1, 1)


@pytest.mark.parametrize(("limited", "given", "expected"), [(True, None, 3), (False, None, 0), (True, 5, 5)])
def test_onnxruntime_counts_as_we_do_where_cores_are_limited(finished, monkeypatch, limited, given, expected):
    taken = []

    class Session(onnxruntime.InferenceSession):
        def __init__(self, path, options, **kwargs):
            taken.append(options.intra_op_num_threads)
            super().__init__(path, options, **kwargs)

    monkeypatch.setattr(onnx_runtime, "is_limited", lambda: limited)
    monkeypatch.setattr(onnx_runtime, "usable_cores", lambda: 3)
    monkeypatch.setattr(onnx_runtime.ort, "InferenceSession", Session)
    vft.Predictor(finished / "model.onnx", threads=given)
    assert taken == [expected]
