"""The frozen part by onnxruntime: torch's numbers, for any number of images."""

import pytest
import torch

from visionft.errors import ExportError
from visionft.models.backbones import Backbone
from visionft.models.backbones.cut import Cut
from visionft.training.exported_prefix import CHUNK, ExportedPrefix, require_same

IMAGES = torch.randn(CHUNK + 3, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("network", "layout"), [("test_efficientnet", torch.channels_last), ("test_vit", torch.contiguous_format)]
)
def test_it_gives_what_torch_gives(network, layout):
    torch.manual_seed(0)
    backbone = Backbone(network, "none", image_size=64).to(memory_format=layout)
    backbone.set_trainable(last=1)
    images = IMAGES.contiguous(memory_format=layout)
    cut = Cut(backbone, backbone, images)
    run = ExportedPrefix(cut, images[:2], threads=1)
    for count in (1, CHUNK, len(images)):
        expected, found = cut.prefix(images[:count]), run(images[:count])
        for one, two in zip(expected, found, strict=True):
            torch.testing.assert_close(two, one, rtol=1e-3, atol=1e-4)
        require_same(expected, found)
    alone = run(images[-1:])  # the same whatever it is computed with
    assert all(torch.equal(one[-1:], two) for one, two in zip(run(images), alone, strict=True))


def test_a_whole_backbone_is_run():
    backbone = Backbone("test_resnet", "none", image_size=64)
    backbone.set_trainable(last=0)
    cut = Cut(backbone, backbone.embed, IMAGES)
    embedding = cut.suffix(ExportedPrefix(cut, IMAGES, threads=1)(IMAGES))
    torch.testing.assert_close(embedding, backbone.embed(IMAGES), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "change",
    [lambda rows: rows * 1.02, lambda rows: rows + 0.1, lambda rows: rows * float("nan"), lambda rows: rows[:, :-1]],
    ids=["longer", "elsewhere", "not numbers", "fewer"],
)
def test_what_is_off_for_one_image_is_refused(change):
    rows = torch.randn(3, 100, generator=torch.Generator().manual_seed(0))
    off = change(rows) if change(rows).shape != rows.shape else torch.cat([rows[:2], change(rows)[2:]])
    require_same([rows], [rows * 1.0001])
    with pytest.raises(ExportError):
        require_same([rows, rows], [rows, off])
