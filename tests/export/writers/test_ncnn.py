"""What ncnn lacks is named, before a file is run that would end the process."""

import pytest
import torch

from tests.export.tiny import SPEC, Tiny, tiny
from visionft.errors import ExportError
from visionft.export.writers.ncnn import NcnnWriter
from visionft.predict.engine import open_engine


class Sorted(Tiny):
    """Sorts, as detectors do."""

    def probabilities(self, images_BHW3):
        return super().probabilities(images_BHW3).topk(3, dim=1).values


class Stacked(Tiny):
    """Stacks along the axis of the batch, for which ncnn has no word."""

    def probabilities(self, images_BHW3):
        probabilities_BK = super().probabilities(images_BHW3)
        return torch.stack([probabilities_BK, probabilities_BK * 2]).sum(0) / 3


@pytest.mark.parametrize(("network", "said"), [(Sorted, r"topk.*; take onnx"), (Stacked, "batch axis")])
def test_operations_that_it_lacks_are_named(network, said, tmp_path):
    with pytest.raises(ExportError, match=rf"ncnn cannot do all that the network does: .*{said}"):
        NcnnWriter().write(tiny(network), SPEC, tmp_path / "model.ncnn")


def test_it_keeps_float32(tmp_path):
    NcnnWriter().write(tiny(), SPEC, tmp_path / "model.ncnn")
    assert (tmp_path / "model.ncnn" / "model.bin").stat().st_size >= 4 * (8 * 27 + 8 + 24 + 3)
    assert open_engine(tmp_path / "model.ncnn" / "model.param").spec == SPEC
