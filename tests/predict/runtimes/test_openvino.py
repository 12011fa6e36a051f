"""What OpenVINO does to the process that it runs in."""

import ctypes
import sys

import pytest

from tests.export.tiny import SPEC, tiny
from visionft.export.writers.openvino import OpenVinoWriter
from visionft.predict.engine import open_engine


class Stack(ctypes.Structure):
    """C's ``stack_t``."""

    _fields_ = [("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]


def signal_stack():
    """Return where the kernel runs handlers of signals of this thread."""
    found = Stack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(found)) == 0
    return found.start, found.flags, found.size


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such stacks")
def test_signals_go_where_they_went(tmp_path):
    """OpenVINO frees a stack of its own some time later, and the next Ctrl-C is a segmentation fault."""
    before = signal_stack()
    OpenVinoWriter().write(tiny(), SPEC, tmp_path / "model.openvino")
    open_engine(tmp_path / "model.openvino", threads=1)
    assert signal_stack() == before
