"""What ncnn lacks is named, before a file is run that would end the process."""

import pytest

from tests.export.tiny import SPEC, Tiny, tiny
from visionft.errors import ExportError
from visionft.export.writers.ncnn import NcnnWriter
from visionft.predict.engine import open_engine


class Sorted(Tiny):
    """Sorts, as detectors do."""

    def probabilities(self, images_BHW3):
        return super().probabilities(images_BHW3).topk(3, dim=1).values


def test_operations_that_it_lacks_are_named(tmp_path):
    with pytest.raises(ExportError, match=r"(?i)ncnn cannot do all that the network does: .*topk.*; take onnx"):
        NcnnWriter().write(tiny(Sorted), SPEC, tmp_path / "model.ncnn")


def test_it_keeps_float32(tmp_path):
    NcnnWriter().write(tiny(), SPEC, tmp_path / "model.ncnn")
    assert (tmp_path / "model.ncnn" / "model.bin").stat().st_size >= 4 * (8 * 27 + 8 + 24 + 3)
    assert open_engine(tmp_path / "model.ncnn" / "model.param").spec == SPEC
