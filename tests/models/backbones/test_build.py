import pytest
import timm
import torch
import torchvision
from torch import nn
from torchvision.ops import StochasticDepth

from visionft.errors import RecipeError, UnknownName
from visionft.models.backbones import Backbone
from visionft.spec import InputSpec


def test_input_is_that_of_the_weights():
    assert Backbone("tf_efficientnet_lite0", "none").input == InputSpec(
        224, 224, "crop", 0.875, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    )
    assert Backbone("torchvision/swin_t", "none", image_size=64).input == InputSpec(
        64, 64, "crop", 224 / 232, "bicubic", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    )


def test_random_weights_are_said_to_be_random():
    weights = Backbone("test_resnet", "none").weights

    assert weights.source.startswith("none")
    assert weights.sha256 is None


def test_timm_embedding_is_what_its_classifier_gets():
    torch.manual_seed(0)
    reference = timm.create_model("mobilenetv3_small_050").eval()
    backbone = Backbone("mobilenetv3_small_050", "none").eval()
    backbone.network.load_state_dict(reference.state_dict(), strict=False)
    images_BCHW = torch.randn(2, 3, 64, 64)

    logits_BK = reference.classifier(backbone.embed(images_BCHW))

    torch.testing.assert_close(logits_BK, reference(images_BCHW))


@pytest.mark.parametrize(
    ("name", "classifier", "size"),
    [
        ("mobilenet_v3_small", "classifier.3", 64),
        ("resnet18", "fc", 64),
        ("alexnet", "classifier.6", 64),
        ("vit_b_32", "heads.head", 224),
        ("convnext_tiny", "classifier.2", 64),
    ],
)
def test_torchvision_embedding_is_what_its_last_layer_gets(name, classifier, size):
    torch.manual_seed(0)
    reference = torchvision.models.get_model(name).eval()
    nn.init.normal_(reference.get_submodule(classifier).weight)  # ViT starts with zeros
    backbone = Backbone(f"torchvision/{name}", "none", image_size=size).eval()
    backbone.network.load_state_dict(reference.state_dict(), strict=False)
    images_BCHW = torch.randn(2, 3, size, size)

    logits_BK = reference.get_submodule(classifier)(backbone.embed(images_BCHW))

    torch.testing.assert_close(logits_BK, reference(images_BCHW))


def test_torchvision_squeezenet_is_pooled_without_its_convolutional_classifier():
    backbone = Backbone("torchvision/squeezenet1_1", "none").eval()
    images_BCHW = torch.randn(2, 3, 64, 64)

    pooled_BD = backbone.network.features(images_BCHW).mean((2, 3))

    torch.testing.assert_close(backbone.embed(images_BCHW), pooled_BD)


def test_drop_path_rises_to_the_last_block():
    network = Backbone("torchvision/convnext_tiny", "none", drop_path=0.3, image_size=64).network

    rates = [module.p for module in network.modules() if isinstance(module, StochasticDepth)]

    assert rates[0] == 0
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(0.3)


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "torchvision/efficientnet_b0"])
def test_drop_path_is_off_unless_asked_for(name):
    backbone = Backbone(name, "none", image_size=64).train()
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    images_BCHW = torch.randn(2, 3, 64, 64)

    assert torch.equal(backbone.embed(images_BCHW), backbone.embed(images_BCHW))


@pytest.mark.parametrize("name", ["timm/dla46x_c", "torchvision/resnet18"])
def test_drop_path_is_refused_where_there_is_none(name):
    with pytest.raises(RecipeError, match="no drop path"):
        Backbone(name, "none", drop_path=0.1)


@pytest.mark.parametrize("name", ["resnet50.a1_in1l", "torchvision/resnet50.IMAGENET1K_V3"])
def test_unknown_tags_are_refused(name):
    with pytest.raises(UnknownName, match="close: "):
        Backbone(name, "none")
