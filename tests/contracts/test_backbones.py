"""Every family of networks keeps the promises of `Backbone`, shown on its smallest member.

Shape suffixes: B batch, C channels, H height, W width, D embedding.
"""

from contextlib import contextmanager
from copy import deepcopy
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from visionft.models.backbones import Backbone
from visionft.models.backbones.cut import Cut

# network -> image size: 64 wherever the network can be run on so little. Left out are families whose smallest member
# has 50 million parameters or more (NASNet, PNASNet, Inception-ResNet, SAM, NaFlex, MobileNetV5, Qwen3, Gemma 4,
# DeepSeek); no family is left out for breaking a promise.
TIMM = {
    "beit_base_patch16_224": 64,
    "cait_xxs24_224": 64,
    "coat_tiny": 64,
    "convit_tiny": 64,
    "cpubone_nano": 64,
    "crossvit_tiny_240": 240,
    "cs3darknet_focus_s": 64,
    "csatv2": 64,
    "cspnext_tiny": 64,
    "davit_tiny": 64,
    "deit_tiny_distilled_patch16_224": 64,
    "densenet121": 64,
    "dla46x_c": 64,
    "dpn48b": 64,
    "edgenext_xx_small": 64,
    "efficientformer_l1": 224,
    "efficientformerv2_s0": 64,
    "efficientvim_m1": 64,
    "efficientvit_b0": 64,
    "efficientvit_m0": 64,
    "ese_vovnet19b_slim_dw": 64,
    "eva02_tiny_patch14_224": 56,
    "fasternet_t0": 64,
    "fastvit_t8": 64,
    "focalnet_tiny_srf": 64,
    "gcvit_xxtiny": 64,
    "ghostnet_050": 64,
    "gmlp_ti16_224": 64,
    "hardcorenas_b": 64,
    "hgnetv2_b0": 64,
    "hiera_tiny_224": 64,
    "hrnet_w18_small": 64,
    "iformer_t": 64,
    "inception_next_atto": 64,
    "inception_v3": 96,
    "lcnetv2_small": 64,
    "legacy_seresnet18": 64,
    "legacy_xception": 64,
    "levit_128s": 64,
    "lowformer_b0": 64,
    "mixer_s32_224": 64,
    "mobilenetv3_small_050": 64,
    "mobilenetv4_conv_small": 64,
    "mobilevit_xxs": 64,
    "nest_tiny": 64,
    "nextvit_small": 64,
    "pit_ti_224": 64,
    "poolformer_s12": 64,
    "pvt_v2_b0": 64,
    "rdnet_tiny": 64,
    "regnetx_002": 64,
    "repghostnet_050": 64,
    "repvgg_a0": 64,
    "repvit_m1": 64,
    "resnet18": 64,
    "resnetv2_18": 64,
    "rexnet_100": 64,
    "sam2_hiera_tiny": 64,
    "selecsls42": 64,
    "shvit_s1": 64,
    "starnet_s050": 64,
    "swiftformer_xs": 64,
    "swin_tiny_patch4_window7_224": 64,
    "swinv2_cr_tiny_224": 64,
    "swinv2_tiny_window8_256": 64,
    "test_coatnet": 64,
    "test_convnext": 64,
    "test_efficientnet": 64,
    "test_mambaout": 64,
    "test_maxvit": 64,
    "test_nfnet": 64,
    "test_vit": 64,
    "test_vit3": 64,
    "test_vit_relpos": 64,
    "tf_efficientnet_lite0": 64,
    "tiny_vit_5m_224": 64,
    "tresnet_m": 64,
    "twins_svt_small": 64,
    "visformer_tiny": 64,
    "vit_tiny_patch16_dinov3_qkvb": 64,
    "vit_tiny_r_s16_p8_224": 64,
    "volo_d1_224": 64,
    "xception41p": 64,
    "xcit_nano_12_p8_224": 64,
}
TORCHVISION = {
    "alexnet": 96,
    "convnext_tiny": 64,
    "densenet121": 64,
    "efficientnet_b0": 64,
    "googlenet": 64,
    "inception_v3": 96,
    "maxvit_t": 224,
    "mnasnet0_5": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_small": 64,
    "regnet_x_400mf": 64,
    "resnet18": 64,
    "shufflenet_v2_x0_5": 64,
    "squeezenet1_1": 64,
    "swin_t": 64,
    "swin_v2_t": 64,
    "vgg11": 64,
    "vit_b_32": 64,
}
CASES = {f"timm/{name}": size for name, size in TIMM.items()} | {
    f"torchvision/{name}": size for name, size in TORCHVISION.items()
}

# torch's MultiheadAttention takes another way for plain tensors than for those of the frozen part of a cut
ANOTHER_KERNEL = {"vit_b_32"}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks as small as these lose more to waiting threads than they gain from them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=CASES)
def backbone(request: pytest.FixtureRequest) -> Backbone:
    torch.manual_seed(0)
    return Backbone(request.param, "none", image_size=CASES[request.param])


@pytest.fixture
def images(backbone: Backbone) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, 3, backbone.input.height, backbone.input.width, generator=generator)


def last_half(backbone: Backbone) -> list[str]:
    names = [group.name for group in backbone.groups]
    return names[len(names) // 2 :]


def loss_of(embedding_BD: Tensor) -> Tensor:
    """Weigh the features unevenly: their plain sum after a layer norm has no gradient."""
    return (embedding_BD * torch.linspace(-1, 1, embedding_BD.shape[1])).sum()


def test_declared_channels_strides_and_embedding_are_true(backbone, images):
    backbone.eval()
    with torch.no_grad():
        maps = backbone(images)
        embedding_BD = backbone.embed(images)

    assert [map_BCHW.shape[:2] for map_BCHW in maps] == [(2, channels) for channels in backbone.channels]
    for map_BCHW, stride in zip(maps, backbone.strides, strict=True):
        for cells, pixels in zip(map_BCHW.shape[2:], images.shape[2:], strict=True):
            assert pixels // stride - 4 <= cells <= -(-pixels // stride)  # unpadded borders cost up to four cells
    assert list(backbone.strides) == sorted(backbone.strides)
    assert embedding_BD.shape == (2, backbone.embedding_dim)
    assert embedding_BD.isfinite().all()


def test_groups_are_disjoint_and_complete(backbone):
    names = [group.name for group in backbone.groups]
    grouped = [name for group in backbone.groups for name in group.parameters]

    assert names[0] == "stem"
    assert len(names) == len(set(names)) >= 5
    assert all(group.parameters for group in backbone.groups)
    assert sorted(grouped) == sorted(name for name, _ in backbone.named_parameters())


def test_frozen_leading_groups_leave_nothing_for_autograd(backbone, images):
    """Shows the order of the groups as well: a group in front of its place would be fed by a trainable one."""
    backbone.set_trainable(last_half(backbone), norm="all")
    backbone.train()
    frozen = {name: module for name, module in backbone.named_modules() if is_frozen(module)}

    with first_outputs(frozen) as first_output:
        embedding_BD = backbone.embed(images)

    assert first_output
    assert [name for name, output in first_output.items() if isinstance(output, Tensor) and output.requires_grad] == []
    assert embedding_BD.requires_grad


@contextmanager
def first_outputs(modules: dict[str, nn.Module]):
    """Collect what each module returns from its first call; one that is shared is called again, further down."""
    outputs: dict[str, object] = {}

    def note(name, module, inputs, output):
        outputs.setdefault(name, output)

    handles = [module.register_forward_hook(partial(note, name)) for name, module in modules.items()]
    yield outputs
    for handle in handles:
        handle.remove()


def is_frozen(module: nn.Module) -> bool:
    """Say whether a module has parameters, and none that trains."""
    parameters = list(module.parameters())
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)


def test_a_step_moves_what_trains_and_nothing_else(backbone, images):
    backbone.set_trainable([group.name for group in backbone.groups], norm="all")
    backbone.train()
    loss_of(backbone.embed(images)).backward()
    taking_part = {name for name, parameter in backbone.named_parameters() if parameter.grad is not None}
    chosen = last_half(backbone)
    trainable = {name for group in backbone.groups if group.name in chosen for name in group.parameters}

    backbone.set_trainable(chosen, norm="all")
    backbone.eval().train()
    before = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
    loss_of(backbone.embed(images)).backward()
    torch.optim.SGD(backbone.parameters(), lr=0.1).step()

    assert {name for name, p in backbone.named_parameters() if p.grad is not None} == taking_part & trainable
    changed = {name for name, tensor in backbone.state_dict().items() if not torch.equal(before[name], tensor)}
    frozen = [name for name, module in backbone.named_modules() if is_frozen(module)]
    inside_frozen = tuple(f"{name}." for name in frozen)
    assert changed & trainable
    assert [name for name in changed if name.startswith(inside_frozen)] == []
    assert changed.isdisjoint({name for name, _ in backbone.named_parameters()} - trainable)
    assert not any(backbone.get_submodule(name).training for name in frozen)
    assert all(module.training for module in backbone.modules() if is_whole(module))


def is_whole(module: nn.Module) -> bool:
    """Say whether a module has parameters, and all of them train."""
    parameters = list(module.parameters())
    return bool(parameters) and all(parameter.requires_grad for parameter in parameters)


def test_what_is_kept_of_the_frozen_part_trains_the_rest_alike(backbone, images):
    run = backbone if backbone.strides else backbone.embed
    backbone.set_trainable(last_half(backbone), norm="all")
    backbone.train()
    before = deepcopy(backbone.state_dict())
    cut = Cut(backbone, run, images)
    assert all(torch.equal(before[name], tensor) for name, tensor in backbone.state_dict().items())
    kept = cut.prefix(images)

    whole = learned(backbone, before, lambda: run(images))
    halves = learned(backbone, before, lambda: cut.suffix(kept))

    same = alike if backbone.name in ANOTHER_KERNEL else torch.equal
    assert whole.keys() == halves.keys()
    assert [name for name, tensor in whole.items() if not same(tensor, halves[name])] == []
    assert sum(tensor.nbytes for tensor in kept) == 2 * cut.bytes_per_image
    assert not any(tensor.requires_grad for tensor in kept)
    with torch.no_grad():
        taped = cut.tape(images)(images)
    assert all(torch.equal(one, two) for one, two in zip(kept, taped, strict=True))


def alike(one: Tensor, two: Tensor) -> bool:
    return bool((one - two).abs().max() <= 1e-4 * one.abs().max())


def learned(backbone: Backbone, state: dict[str, Tensor], run) -> dict[str, Tensor]:
    """Return outputs, gradients and buffers of one forward and backward pass from a state."""
    backbone.load_state_dict(state)
    backbone.zero_grad()
    torch.manual_seed(5)
    outputs = run() if backbone.strides else [run()]
    sum(loss_of(output.flatten(1)) for output in outputs).backward()
    given = {f"output {n}": output.detach() for n, output in enumerate(outputs)}
    gradients = {f"{name}.grad": p.grad.clone() for name, p in backbone.named_parameters() if p.grad is not None}
    return given | gradients | {name: buffer.clone() for name, buffer in backbone.named_buffers()}
