"""What belongs to the program that calls: random generators and switches of torch, numpy, Python and OpenCV."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import cv2
import numpy as np
import torch


@contextmanager
def caller_state() -> Iterator[None]:
    """Run as in a fresh process, and leave what the caller has set as it was, after errors too.

    Everything random here follows from a recipe's seed; a program that draws numbers of its own before and after must
    not notice. Nor do its switches reach in: gradients are on, new tensors are float32 and on the CPU. Number of
    threads, cudnn's and other switches of precision count as the caller has set them. Also a decorator.
    """
    generators = random.getstate(), np.random.get_state()  # noqa: NPY002  # the caller's, whatever uses it
    torch_state = torch.get_rng_state()
    cuda_states = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None  # type: ignore[no-untyped-call]  # torch's own
    numbers, threads, opencv_threads = torch.get_default_dtype(), torch.get_num_threads(), cv2.getNumThreads()
    cudnn, matmul = torch.backends.cudnn, torch.get_float32_matmul_precision()
    switches = cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32
    strict = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        torch.set_default_dtype(torch.float32)
        with ExitStack() as inside:
            inside.enter_context(torch.inference_mode(mode=False))
            inside.enter_context(torch.enable_grad())
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
        cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32 = switches
        torch.set_float32_matmul_precision(matmul)
        torch.use_deterministic_algorithms(strict[0], warn_only=strict[1])
