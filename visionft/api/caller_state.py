"""What belongs to the program that calls: random generators and switches of torch, numpy, Python and OpenCV."""

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import cv2
import numpy as np

from visionft.cores import usable_cores


@contextmanager
def caller_state() -> Iterator[None]:
    """Run as in a fresh process, and leave what the caller has set as it was, after errors too.

    Everything random here follows from a recipe's seed; a program that draws numbers of its own before and after must
    not notice. Nor do its switches reach in: gradients are on, autocast is off, new tensors are float32 and on the CPU.
    Number of threads, as far as this process may use so many cores, cudnn's and other switches of precision count as
    the caller has set them. Also a decorator.

    What is torch's is left alone where torch has not been imported: whoever does that inside enters this once more.
    """
    generators = random.getstate(), np.random.get_state()  # noqa: NPY002  # the caller's, whatever uses it
    opencv_threads = cv2.getNumThreads()
    with ExitStack() as inside:
        if "torch" in sys.modules:
            from visionft.api.torch_state import torch_state

            inside.enter_context(torch_state())
        try:
            if opencv_threads > (cores := usable_cores()):
                cv2.setNumThreads(cores)
            yield
        finally:
            random.setstate(generators[0])
            np.random.set_state(generators[1])  # noqa: NPY002
            cv2.setNumThreads(opencv_threads)
