"""What of torch belongs to the program that calls: its random generators and switches."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

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
def torch_state() -> Iterator[None]:
    """Run as in a fresh process as far as torch goes, and leave what the caller has set as it was."""
    generator = torch.get_rng_state()
    cuda_states = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None  # type: ignore[no-untyped-call]  # torch's own
    numbers, threads = torch.get_default_dtype(), torch.get_num_threads()
    cudnn, precision = torch.backends.cudnn, _precision()
    switches = cudnn.enabled, cudnn.benchmark, cudnn.deterministic
    strict = _strict()
    try:
        torch.set_default_dtype(torch.float32)
        if threads > (cores := usable_cores()):
            torch.set_num_threads(cores)
        with ExitStack() as inside:
            inside.enter_context(torch.inference_mode(mode=False))
            inside.enter_context(torch.enable_grad())
            for device in ("cpu", "cuda"):
                inside.enter_context(torch.autocast(device, enabled=False))
            if torch.get_default_device().type != "cpu":
                inside.enter_context(torch.device("cpu"))
            yield
    finally:
        torch.set_rng_state(generator)
        if cuda_states is None:
            torch.cuda.manual_seed_all(torch.initial_seed())  # as torch.manual_seed had done for a GPU not yet in use
        else:
            torch.cuda.set_rng_state_all(cuda_states)
        torch.set_default_dtype(numbers)
        torch.set_num_threads(threads)
        cudnn.enabled, cudnn.benchmark, cudnn.deterministic = switches
        _restore(precision)
        if _strict() != strict:  # setting it loads the compiler
            torch.use_deterministic_algorithms(strict[0], warn_only=strict[1])


def _strict() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


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
