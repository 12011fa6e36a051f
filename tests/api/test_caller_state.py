"""What a program has seeded and switched is its own, whatever is called in between."""

import random
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

import visionft as vft
from visionft.api.caller_state import caller_state
from visionft.errors import VisionftError


def drawn():
    """Return the next numbers of every generator, and every switch."""
    cudnn = torch.backends.cudnn
    return (
        random.random(),
        np.random.rand(),  # noqa: NPY002  # what programs use
        torch.rand(3, dtype=torch.float64, device="cpu").tolist(),
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.get_float32_matmul_precision(),
        torch.are_deterministic_algorithms_enabled(),
        (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32),
        cv2.getNumThreads(),
    )


def seed():
    random.seed(1)
    np.random.seed(2)  # noqa: NPY002
    torch.manual_seed(3)


@pytest.fixture
def odd_switches():
    """A notebook that has turned much of what can be turned."""
    before, threads = torch.get_default_dtype(), cv2.getNumThreads()
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.backends.cudnn.benchmark = True
    cv2.setNumThreads(1)
    yield
    torch.set_default_dtype(before)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.backends.cudnn.benchmark = False
    cv2.setNumThreads(threads)


@pytest.fixture
def calls(tiny, finished, tmp_path):
    run = vft.open_run(finished)

    def in_vain():
        with pytest.raises(VisionftError):
            vft.train(tiny(data={"path": "gone"}), out=tmp_path / "no", sinks=[])

    head = [{"name": "head", "unfreeze": "none", "steps": 1}]
    return {
        "train": lambda: vft.train(tiny(stages=head), out=tmp_path / "run", sinks=[]),
        "train in vain": in_vain,
        "check": lambda: vft.check(tiny()),
        "evaluate": run.evaluate,
        "report": run.report,
        "export": lambda: run.export(path=tmp_path / "model.onnx"),
        "model": lambda: vft.open_run(finished).model,
        "with_model": lambda: run.with_model(run.model, tmp_path / "changed"),
        "evaluate a file": lambda: vft.evaluate(finished / "model.onnx"),
    }


def test_every_call_leaves_it_as_it_was(calls, odd_switches):
    seed()
    expected = drawn()
    for name, call in calls.items():
        seed()
        call()
        assert drawn() == expected, name


def test_odd_switches_do_not_reach_the_weights(tiny, tmp_path, request):
    recipe = tiny(stages=[{"name": "all", "unfreeze": "all", "steps": 2}])
    vft.train(recipe, out=tmp_path / "plain", sinks=[])
    request.getfixturevalue("odd_switches")
    vft.train(recipe, out=tmp_path / "odd", sinks=[])
    plain, odd = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("plain", "odd"))
    assert plain == odd


@caller_state()
def fail():
    torch.manual_seed(9)
    random.seed(9)
    np.random.seed(9)  # noqa: NPY002
    torch.backends.cudnn.benchmark = not torch.backends.cudnn.benchmark
    raise ZeroDivisionError


def test_errors_pass_and_leave_it_as_it_was():
    seed()
    expected = drawn()
    seed()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert drawn() == expected


def test_autocast_of_the_caller_does_not_reach_in(finished):
    run = vft.open_run(finished)
    image, predictor = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8), vft.Predictor(run)
    plain = predictor(image).probabilities
    with torch.autocast("cpu", torch.bfloat16):
        assert predictor(image).probabilities == plain
        told = caller_state()(lambda: (torch.ones(2, 2) @ torch.ones(2, 2)).dtype)()
        assert torch.is_autocast_enabled("cpu")
    assert told == torch.float32


def test_steps_in_bf16_see_the_weights_of_the_step_before(tiny, tmp_path):
    """Weights in bf16 are remembered within a pass, and no longer, whoever has switched autocast around it."""
    stages = [{"name": "head", "unfreeze": "none", "epochs": 3, "head_lr": 1e-2, "augment": "none"}]
    with torch.autocast("cpu", torch.bfloat16):
        run = vft.train(tiny(stages=stages, runtime={"precision": "bf16"}), out=tmp_path / "run", progress=False)
    losses = [row["train_loss"] for row in run.history]
    assert len(set(losses)) == 3  # with the first weights, which are zero, it would stay ln 3


@pytest.fixture
def precision():
    """The precision of matrix products on CUDA, which is as it was afterwards."""
    matmul = torch.backends.cuda.matmul
    before = matmul.fp32_precision
    yield matmul
    matmul.fp32_precision = before


def test_precision_as_newer_programs_set_it(precision):
    @caller_state()
    def change():
        precision.fp32_precision = "ieee"
        torch.backends.cudnn.conv.fp32_precision = "ieee"

    convolution = torch.backends.cudnn.conv.fp32_precision
    precision.fp32_precision = "tf32"
    change()
    assert precision.fp32_precision == "tf32"
    assert torch.backends.cudnn.conv.fp32_precision == convolution


def test_precision_as_older_programs_set_it(precision):
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        caller_state()(torch.set_float32_matmul_precision)("highest")
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


def test_the_first_use_of_a_name_leaves_pythons_random_numbers():
    code = "import random, visionft; before = random.getstate(); visionft.train; assert random.getstate() == before"
    subprocess.run([sys.executable, "-c", code], check=True)
