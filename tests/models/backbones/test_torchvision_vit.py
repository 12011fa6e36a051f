"""Shape suffixes: B batch, C channels, H height, W width, K classes."""

import pytest
import torch
from torch import nn
from torchvision.models import VisionTransformer

from visionft.models.backbones import torchvision_vit as vit


@pytest.fixture
def network() -> VisionTransformer:
    torch.manual_seed(0)
    network = VisionTransformer(
        image_size=32, patch_size=16, num_layers=3, num_heads=2, hidden_dim=8, mlp_dim=16, num_classes=5
    )
    nn.init.normal_(network.heads.head.weight)
    return network.eval()


def test_at_its_own_size_it_is_torchvisions_forward(network):
    images_BCHW = torch.randn(2, 3, 32, 32)

    torch.testing.assert_close(vit.embed(network, images_BCHW), network(images_BCHW))


@pytest.mark.parametrize(("height", "width", "grid"), [(32, 32, (2, 2)), (48, 64, (3, 4)), (40, 33, (3, 3))])
def test_maps_have_a_cell_for_every_patch_begun(network, height, width, grid):
    maps = vit.maps(network, torch.randn(2, 3, height, width), indices=(0, 2))

    assert [map_BCHW.shape for map_BCHW in maps] == [(2, 8, *grid)] * 2


def test_a_constant_position_table_stays_constant_at_another_size(network):
    nn.init.constant_(network.encoder.pos_embedding, 3.0)

    positions_1ND = vit._positions(network.encoder.pos_embedding, (3, 5))

    torch.testing.assert_close(positions_1ND, torch.full((1, 16, 8), 3.0))


def test_the_exporter_keeps_the_batch_free(network):
    network.requires_grad_(requires_grad=False)

    class Embed(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, images_BCHW):
            return vit.embed(self.network, images_BCHW)

    images_BCHW = torch.randn(2, 3, 48, 48)
    batch = torch.export.Dim("batch")
    program = torch.export.export(Embed().eval(), (images_BCHW,), dynamic_shapes=({0: batch},))

    five_BCHW = torch.randn(5, 3, 48, 48)
    torch.testing.assert_close(program.module()(five_BCHW), vit.embed(network, five_BCHW))
