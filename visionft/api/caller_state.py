"""What belongs to the program that calls: random generators and switches of torch, numpy, Python and OpenCV."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import cv2
import numpy as np
import torch

from visionft.cores import usable_cores

_BACKENDS: Any = torch.backends
# Whose fp32_precision can be set, parents first: one that says "none" answers as its parent does.
_PRECISE = (
    _BACKENDS,
    _BACKENDS.cuda.matmul,
    *(_BACKENDS.cudnn, _BACKENDS.cudnn.conv, _BACKENDS.cudnn.rnn),
    *(_BACKENDS.mkldnn, _BACKENDS.mkldnn.matmul, _BACKENDS.mkldnn.conv, _BACKENDS.mkldnn.rnn),
)


@contextmanager
def caller_state() -> Iterator[None]:
    """Run as in a fresh process, and leave what the caller has set as it was, after errors too.

    Everything random here follows from a recipe's seed; a program that draws numbers of its own before and after must
    not notice. Nor do its switches reach in: gradients are on, autocast is off, new tensors are float32 and on the CPU.
    Number of threads, as far as this process may use so many cores, cudnn's and other switches of precision count as
    the caller has set them. Also a decorator.
    """
    generators = random.getstate(), np.random.get_state()  # noqa: NPY002  # the caller's, whatever uses it
    torch_state = torch.get_rng_state()
    cuda_states = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None  # type: ignore[no-untyped-call]  # torch's own
    numbers, threads, opencv_threads = torch.get_default_dtype(), torch.get_num_threads(), cv2.getNumThreads()
    cudnn, precision = torch.backends.cudnn, _precision()
    switches = cudnn.enabled, cudnn.benchmark, cudnn.deterministic
    strict = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        torch.set_default_dtype(torch.float32)
        if threads > (cores := usable_cores()):
            torch.set_num_threads(cores)
        if opencv_threads > cores:
            cv2.setNumThreads(cores)
        with ExitStack() as inside:
            inside.enter_context(torch.inference_mode(mode=False))
            inside.enter_context(torch.enable_grad())
            for device in ("cpu", "cuda"):
                inside.enter_context(torch.autocast(device, enabled=False))
            if torch.get_default_device().type != "cpu":
                inside.enter_context(torch.device("cpu"))
            yield
    finally:
        random.setstate(generators[0])
        np.random.set_state(generators[1])  # noqa: NPY002
        torch.set_rng_state(torch_state)
        if cuda_states is None:
            torch.cuda.manual_seed_all(torch.initial_seed())  # as torch.manual_seed had done for a GPU not yet in use
        else:
            torch.cuda.set_rng_state_all(cuda_states)
        torch.set_default_dtype(numbers)
        torch.set_num_threads(threads)
        cv2.setNumThreads(opencv_threads)
        cudnn.enabled, cudnn.benchmark, cudnn.deterministic = switches
        _restore(precision)
        torch.use_deterministic_algorithms(strict[0], warn_only=strict[1])


def _precision() -> tuple[str | None, bool | None, list[str]]:
    """Return the precision of matmul and of cudnn as torch's older functions tell it, and of each of ``_PRECISE``.

    The older functions are None after a program has set what they cannot tell.
    """
    matmul, convolution = None, None
    with suppress(RuntimeError):
        matmul = torch.get_float32_matmul_precision()
    with suppress(RuntimeError):
        convolution = torch.backends.cudnn.allow_tf32
    return matmul, convolution, [backend.fp32_precision for backend in _PRECISE]


def _restore(before: tuple[str | None, bool | None, list[str]]) -> None:
    """Set what is not as it was; setting the rest would change what follows its parent to a value of its own."""
    matmul, convolution, precisions = before
    now = _precision()
    if matmul is not None and matmul != now[0]:
        torch.set_float32_matmul_precision(matmul)
    if convolution is not None and convolution != now[1]:
        torch.backends.cudnn.allow_tf32 = convolution
    for backend, precision in zip(_PRECISE, precisions, strict=True):
        if backend.fp32_precision != precision:
            backend.fp32_precision = precision
