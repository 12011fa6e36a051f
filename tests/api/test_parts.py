"""Backbones, heads and losses that a program hands over."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import visionft as vft
from tests.api.test_training import PowerCut, cut_after
from visionft.cli import main
from visionft.errors import CheckpointError, RecipeError, VisionftError
from visionft.models.heads.base import Head
from visionft.models.heads.dense import DenseHead
from visionft.models.heads.linear import LinearHead


class Net(nn.Module):
    """Two maps."""

    def __init__(self, width=8):
        super().__init__()
        self.first = nn.Conv2d(3, width, 3, stride=4, padding=1)
        self.second = nn.Conv2d(width, 16, 3, stride=2, padding=1)

    def forward(self, images):
        shallow = self.first(images).relu()
        return [shallow, self.second(shallow).relu()]


class Scaled(nn.Module):
    """A loss with a weight of its own."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, logits, labels):
        return nn.functional.cross_entropy(logits * self.scale, labels)


def squared(logits, labels):
    return (logits.softmax(1) - nn.functional.one_hot(labels, logits.shape[1])).square().sum(1).mean()


def two_layers():
    return nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))


def state(path):
    return load_file(path / "model.safetensors")


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def recipe(tiny):
    stages = [{"name": "head", "unfreeze": "none", "epochs": 1}, {"name": "all", "unfreeze": "all", "epochs": 1}]
    return tiny(stages=stages, evaluate={"select": "last"})


@pytest.fixture(scope="module")
def mine():
    return {"backbone": Net(), "head": two_layers(), "loss": Scaled()}


@pytest.fixture(scope="module")
def trained(recipe, mine, tmp_path_factory):
    return vft.train(recipe, out=tmp_path_factory.mktemp("runs") / "mine", progress=False, **mine)


def again():
    return {"backbone": Net(), "head": two_layers(), "loss": Scaled()}


class TestARun:
    def test_what_is_written_down(self, trained):
        assert (trained.recipe.backbone.name, trained.recipe.task.head, trained.recipe.task.loss) == ("memory",) * 3
        assert {what: part["name"] for what, part in trained.info["parts"].items()} == {
            "backbone": "Net", "head": "Sequential", "loss": "Scaled",
        }  # fmt: skip
        assert trained.spec.provenance["backbone"] == "module/Net"
        assert "handed over" in trained.info["weights"]["source"]

    def test_what_was_handed_over_stays_as_it_was(self, trained, mine):
        learned = state(trained.path)
        assert float(mine["loss"].scale.detach()) == 1.0 != float(learned["head.loss_memory.scale"])
        assert not torch.equal(learned["backbone.network.first.weight"], mine["backbone"].first.weight)
        assert all(tensor.device.type == "cpu" for tensor in mine["backbone"].parameters())

    def test_opened_again(self, trained, image_folder):
        opened = vft.open_run(trained.path, **again())
        assert opened.evaluate().to_dict() == trained.evaluate().to_dict()
        file = opened.export().path
        image = next(image_folder.glob("*/*.png"))
        assert vft.Predictor(file)(image).label == vft.Predictor(opened)(image).label

    def test_what_makes_the_parts_will_do(self, trained):
        def head(embedding_dim, classes):
            return nn.Sequential(nn.Linear(embedding_dim, 8), nn.ReLU(), nn.Linear(8, classes))

        opened = vft.open_run(trained.path, backbone=Net, head=head, loss=Scaled)
        assert opened.evaluate().accuracy == trained.evaluate().accuracy

    @pytest.mark.parametrize("missing", ["backbone", "head", "loss"])
    def test_opened_without_a_part(self, trained, missing):
        with pytest.raises(VisionftError, match=rf"{missing}: memory: .*vft\.open_run\(RUN, {missing}=\.\.\.\)"):
            vft.open_run(trained.path, **again() | {missing: None}).evaluate()

    @pytest.mark.parametrize(
        "other", [{"backbone": Net(4)}, {"head": nn.Linear(16, 3)}, {"loss": nn.CrossEntropyLoss()}], ids="-".join
    )
    def test_opened_with_another(self, trained, other):
        (what,) = other
        with pytest.raises(CheckpointError, match=rf"{what}: .* was begun with .* hand over the same"):
            vft.open_run(trained.path, **again() | other).evaluate()

    def test_from_the_terminal(self, trained, capfd, monkeypatch):
        monkeypatch.setattr("sys.argv", ["visionft", "eval", str(trained.path)])
        with pytest.raises(SystemExit, match="2"):
            main()
        assert "vft.open_run(RUN, backbone=...)" in capfd.readouterr().err


def test_interrupted_before_the_first_checkpoint_and_resumed_with_other_weights(recipe, mine, trained, tmp_path):
    with pytest.raises(PowerCut):
        vft.train(recipe, out=tmp_path / "cut", sinks=[cut_after(2)], progress=False, **mine)
    with pytest.raises(RecipeError, match=r"loss: memory"):
        vft.train(recipe, out=tmp_path / "cut", resume=True, progress=False, **again() | {"loss": None})
    with pytest.raises(CheckpointError, match=r"backbone: .* hand over the same"):
        vft.train(recipe, out=tmp_path / "cut", resume=True, progress=False, **again() | {"backbone": Net(4)})
    vft.train(recipe, out=tmp_path / "cut", resume=True, progress=False, **again())
    assert same(state(tmp_path / "cut"), state(trained.path))


def test_a_loss_without_weights_is_not_needed_to_measure(recipe, tmp_path):
    run = vft.train(recipe, out=tmp_path / "run", loss=squared, progress=False)
    assert vft.open_run(run.path).evaluate().accuracy == run.evaluate().accuracy
    with pytest.raises(CheckpointError, match=r"loss: .* was begun with squared, and test_"):
        vft.open_run(run.path, loss=test_a_loss_without_weights_is_not_needed_to_measure).evaluate()
    with pytest.raises(RecipeError, match=r"head: one is handed over, and task\.head names another"):
        vft.open_run(run.path, head=two_layers()).evaluate()


def test_a_backbone_of_a_loop_of_ones_own(recipe, tmp_path):
    backbone = vft.Backbone("test_resnet", "none")
    nn.init.constant_(backbone.network.conv1[0].weight, 0.125)
    job = vft.build(recipe, backbone=backbone, progress=False)
    assert job.network.backbone is not backbone
    assert (job.network.backbone.network.conv1[0].weight == 0.125).all()
    assert (job.input.height, job.network.backbone.input.height) == (32, 32)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_numbers_of_another_kind_become_float32(recipe, kind):
    parts = {"backbone": Net().to(kind), "head": two_layers().to(kind)}
    network = vft.build(recipe, progress=False, **parts).network
    assert {tensor.dtype for tensor in network.parameters()} == {torch.float32}
    assert parts["backbone"].first.weight.dtype is kind


class Foreign(Head):
    """Of another task."""

    predicts = "boxes"
    features = groups = predict = losses = postprocess = None


class Stuck(Net):
    """Cannot be copied."""

    def __deepcopy__(self, memo):
        raise TypeError("cannot pickle '_thread.lock' object")


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"backbone": "resnet18"}, r"'resnet18', a name, which goes into the recipe"),
        ({"backbone": 5}, "backbone: a int is no network"),
        ({"backbone": lambda: 5}, "backbone: a int is no network"),
        ({"backbone": nn.Linear}, r"Linear\(\) fails .* without arguments"),
        ({"backbone": nn.ReLU()}, "without weights"),
        ({"backbone": Net().to("meta")}, "Net: cannot be copied"),
        ({"backbone": Stuck()}, "Stuck: cannot be copied .* give a function that makes it"),
        ({"head": "linear"}, "'linear', a name"),
        ({"head": nn.Linear(5, 3)}, r"head: fails \(.*\) with .* an embedding of 16 numbers"),
        ({"head": nn.Linear(16, 4)}, "head: gives 4 logits; 3 are needed, one for each of bar, disc, ring"),
        ({"head": nn.Sequential(nn.Linear(16, 3), nn.Unflatten(1, (3, 1)))}, r"of shape \(3, 1\) .* \(3,\) is needed"),
        ({"head": lambda: nn.Linear(16, 3)}, r"<lambda>\(16, 3\) fails"),
        ({"head": lambda dim, classes: 3}, "makes a int; an nn.Module is needed"),
        ({"head": Foreign}, "Foreign: predicts boxes, and the task takes image_logits"),
        ({"loss": "focal"}, "'focal' is not a callable object"),
        ({"loss": lambda logits: logits}, "a loss is called with outputs and targets"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_what_is_no_part(recipe, parts, told):
    with pytest.raises(RecipeError, match=told):
        vft.build(recipe, progress=False, **{"backbone": Net()} | parts)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"loss": lambda logits, labels: 1.0}, "loss '<lambda>': gives a float"),
        ({"loss": lambda logits, labels: logits.sum(1)}, r"gives a tensor of \(2,\)"),
        ({"loss": lambda logits, labels: (logits - labels).mean()}, r"fails \(.*\) with .* int64 \(2,\)"),
    ],
    ids=["number", "vector", "shapes"],
)
def test_a_loss_that_fails_does_so_before_there_is_a_run(recipe, tmp_path, parts, told):
    with pytest.raises(RecipeError, match=told):
        vft.train(recipe, out=tmp_path / "run", progress=False, **parts)
    assert not (tmp_path / "run").exists()


def test_named_and_handed_over(recipe):
    with pytest.raises(RecipeError, match=r"task\.loss: focal is asked for, and loss= hands another over"):
        vft.build(recipe, overrides={"task.loss": "focal"}, loss=squared, progress=False)
    with pytest.raises(RecipeError, match=r"head: memory: .*vft\.train"):
        vft.build(recipe, overrides={"task.head": "memory"}, progress=False)


def test_heads_that_are_heads(recipe):
    job = vft.build(recipe, head=LinearHead, progress=False)
    assert type(job.network.head) is LinearHead
    lazy = vft.build(recipe, head=nn.LazyLinear(3), progress=False).network.head
    assert lazy.linear.weight.shape == (3, 96)


STAGE = {"stages": [{"name": "head", "unfreeze": "none", "epochs": 1, "augment": "none"}], "input.size": 32}
QUICK = STAGE | {"optim.batch_size": 8, "runtime": {"device": "cpu", "precision": "fp32"}}
IMAGES = np.random.default_rng(0).integers(0, 255, (24, 32, 32, 3), dtype=np.uint8)


class Decoder(nn.Module):
    """Logits of the deepest map."""

    def __init__(self, channels, strides, classes):
        super().__init__()
        self.layer = nn.Conv2d(channels[-1], classes, 1)

    def forward(self, maps):
        return self.layer(maps[-1])


class TestPixels:
    data = vft.Dataset.from_arrays(IMAGES, (IMAGES[..., 0] > 128).astype(np.uint8), classes=["dark", "bright"])

    def build(self, **parts):
        return vft.build(data=self.data, overrides=QUICK, backbone=Net(), progress=False, **parts)

    def test_a_decoder_and_a_loss_of_torch(self, tmp_path):
        job = self.build(head=Decoder((16,), (8,), 2), loss=nn.CrossEntropyLoss(ignore_index=255))
        run = vft.fit(job, out=tmp_path / "run", progress=False)
        assert run.recipe.task.losses == {"memory": 1.0}
        assert run.evaluate().miou >= 0
        again = vft.open_run(run.path, data=self.data, backbone=Net, head=Decoder)
        assert again.evaluate().miou == run.evaluate().miou

    def test_beside_losses_that_ship(self):
        losses = {"memory": 0.5, "dice": 1.0}
        overrides = QUICK | {"task.losses": losses}
        job = vft.build(data=self.data, overrides=overrides, loss=lambda x, y: x.mean(), backbone=Net, progress=False)
        assert job.recipe.task.losses == losses

    @pytest.mark.parametrize(
        ("head", "told"),
        [
            (nn.Linear(16, 2), "a list of maps, of .* channels"),
            (Decoder((16,), (8,), 3), "gives 3 logits; 2 are needed"),
            (LinearHead, "is no head for this task"),
        ],
        ids=["linear", "classes", "head"],
    )
    def test_what_is_no_decoder(self, head, told):
        with pytest.raises(RecipeError, match=told):
            self.build(head=head)


class TestObjects:
    data = vft.Dataset.from_arrays(
        IMAGES,
        [{"boxes": np.array([[2.0, 2, 20, 20]]), "labels": np.array([number % 2])} for number in range(24)],
        classes=["p", "q"],
    )

    def build(self, **parts):
        return vft.build(data=self.data, overrides=QUICK, backbone=Net(), progress=False, **parts)

    def test_heads(self):
        for head in (DenseHead, DenseHead((8, 16), (4, 8), 2)):
            assert type(self.build(head=head).network.head.head) is DenseHead

    def test_what_is_none(self):
        with pytest.raises(RecipeError, match=r"head: fails \(.*\) with what the backbone gives: a list of maps"):
            self.build(head=DenseHead((8, 17), (4, 8), 2))
        with pytest.raises(RecipeError, match="a Linear is no head for this task, which takes boxes"):
            self.build(head=nn.Linear(16, 2))
        with pytest.raises(RecipeError, match="the losses of detection are its head's"):
            self.build(loss=squared)
