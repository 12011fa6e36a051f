"""What the device does to a batch: every change of the loader's, normalising, mixing.

Shape suffixes: B batch, H height, W width, 3 colours, C the same in a network.
"""

import sys
from dataclasses import replace
from subprocess import CalledProcessError

import numpy as np
import pytest
import torch

from tests.augment.mixed import mixed_images, mixed_labels
from tests.data.samples import make_example
from visionft.annotations.marks import IGNORE
from visionft.assemble import assemble, load_data
from visionft.augment import POLICIES, device, sample_params
from visionft.augment.batch import Normalised
from visionft.augment.cpu import apply
from visionft.augment.device import DeviceAugmenter
from visionft.augment_params import AugmentParams
from visionft.batch import Batch, InstanceTargets
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.label import Label
from visionft.data.targets.mask import Mask
from visionft.data.targets.polygons import Polygons

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
STEP = 1 / (255 * min(STD))  # of one value of a byte


def normalise(images_BHW3):
    return (np.asarray(images_BHW3, np.float64) / 255 - MEAN) / STD


def batch_of(targets, params=(), size=(9, 12), number=4):
    images = np.random.default_rng(3).integers(0, 256, (number, *size, 3), dtype=np.uint8)
    return Batch(torch.from_numpy(images), targets, tuple("abcdefgh"[:number]), tuple(params))


def shown(found):
    """Return images_BHWC."""
    return found.images_BCHW.permute(0, 2, 3, 1).float().numpy()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_without_changes_images_are_normalised_and_no_more(dtype):
    batch = batch_of(torch.tensor([2, 0, 1, 1]))
    found = DeviceAugmenter(Normalised(MEAN, STD, dtype), Label, classes=3)(batch)
    assert (found.images_BCHW.dtype, found.ids) == (dtype, batch.ids)
    assert found.images_BCHW.is_contiguous(memory_format=torch.channels_last)
    assert found.targets is batch.targets
    np.testing.assert_allclose(
        shown(found), normalise(batch.images_BHW3), atol=1e-5 if dtype == torch.float32 else 0.01
    )


def test_the_network_sees_what_it_would_have_made_itself(tiny):
    job = replace(assemble(tiny(), load_data(tiny())), augments=True)
    stage = job.recipe.stages[1]
    with job.train_loader(stage) as loader:
        batch = replace(next(iter(loader.training(0))), params=())
    job.network.eval()
    augment = job.device_augmenter(stage)
    with torch.no_grad():
        assert torch.allclose(job.network(augment(batch)), job.network(batch), atol=1e-4)


def test_masks_move_with_their_images():
    masks = torch.from_numpy(np.random.default_rng(4).integers(0, 5, (4, 9, 12), dtype=np.uint8))
    right = AugmentParams(rows=((1.0, 0.0, 2.0), (0.0, 1.0, 0.0)))  # by two pixels
    flip = AugmentParams(rows=((-1.0, 0.0, 12.0), (0.0, 1.0, 0.0)))
    batch = batch_of(masks, [right, flip, AugmentParams(), right])
    found = DeviceAugmenter(Normalised(MEAN, STD), Mask, (10, 20, 30))(batch)
    expected, images = masks.numpy().copy(), batch.images_BHW3.numpy().copy()
    for number in (0, 3):
        expected[number] = np.roll(expected[number], 2, axis=1)
        images[number] = np.roll(images[number], 2, axis=1)
        expected[number, :, :2], images[number, :, :2] = IGNORE, (10, 20, 30)
    expected[1], images[1] = expected[1, :, ::-1], images[1, :, ::-1]
    assert found.targets.dtype == torch.uint8
    assert np.array_equal(found.targets, expected)
    np.testing.assert_allclose(shown(found), normalise(images), atol=1e-5)


def test_objects_have_moved_already():
    boxes = torch.tensor([[[1.0, 2, 5, 6, 0]]] * 4)
    flip = AugmentParams(rows=((-1.0, 0.0, 12.0), (0.0, 1.0, 0.0)))
    masks = torch.zeros(4, 1, 56, 56, dtype=torch.uint8)
    for kind, targets in ((Boxes, boxes), (Polygons, InstanceTargets(boxes, masks))):
        batch = batch_of(targets, [flip] * 4)
        found = DeviceAugmenter(Normalised(MEAN, STD), kind, (0, 0, 0))(batch)
        assert found.targets is targets
        np.testing.assert_allclose(shown(found), normalise(batch.images_BHW3.numpy()[:, :, ::-1]), atol=1e-5)


@pytest.mark.parametrize("done", [False, True])
def test_images_are_mixed_after_all_else(done):
    """Whether everything but mixing was done by the loader or is left to the device."""
    policy = replace(POLICIES["medium"], mixup=0.4, cutmix=0.4)
    for seed in range(5):
        changes = [sample_params(policy, "any", (24, 20), 10 * seed + number) for number in range(8)]
        labels = torch.arange(8) % 3
        batch = batch_of(labels, changes, (20, 24), 8)
        whole = [
            apply(make_example(*pair), change) for *pair, change in zip(batch.images_BHW3.numpy(), changes, strict=True)
        ]
        changed = np.stack([example.image_HW3 for example in whole])
        if done:
            batch = replace(
                batch, images_BHW3=torch.from_numpy(changed), params=tuple(example.params for example in whole)
            )
        found = DeviceAugmenter(Normalised(MEAN, STD), Label, classes=3)(batch)
        off = np.abs(shown(found) - mixed_images(normalise(changed), changes))
        assert off.max() < (1e-5 if done else 1.01 * STEP)  # engines differ by rounding
        assert (off < 1e-5).mean() > 0.99
        np.testing.assert_allclose(found.targets, mixed_labels(labels, changes, (24, 20), 3), atol=1e-6)


def test_the_images_given_are_left_alone():
    batch = batch_of(torch.tensor([0, 1, 1, 0]), [AugmentParams(mixup_lambda=0.5)] * 4)
    before = batch.images_BHW3.clone()
    found = DeviceAugmenter(Normalised(MEAN, STD), Label, classes=2)(batch)
    assert torch.equal(batch.images_BHW3, before)
    assert found.targets.tolist() == [[0.5, 0.5], [0, 1], [0.5, 0.5], [1, 0]]


@pytest.mark.parametrize(
    ("mixed", "augments", "expected"),
    [({}, False, [False, False]), ({"mixup": 0.2}, False, [False, True]), ({"cutmix": 0.2}, True, [False, True])],
)
def test_stages_that_need_it_have_it(tiny, mixed, augments, expected):
    stages = [{"name": "a", "epochs": 1, "augment": "none"}, {"name": "b", "epochs": 1, "augment": "light"}]
    recipe = tiny(stages=stages, augment=mixed)
    job = replace(assemble(recipe, load_data(recipe)), augments=augments)
    assert [job.device_augmenter(stage) is not None for stage in recipe.stages] == expected


@pytest.mark.parametrize(
    "error",
    [RuntimeError("no C compiler"), CalledProcessError(1, "gcc"), FileNotFoundError("cc"), AssertionError("libcuda")],
)
def test_where_triton_cannot_build_the_other_engine_is_taken(monkeypatch, error):
    runtime = pytest.importorskip("triton.runtime")

    def fails():
        raise error

    for name in ("_default", "_active"):
        monkeypatch.setattr(runtime.driver, name, None)
    monkeypatch.setattr(sys.modules["triton.runtime.driver"], "_create_driver", fails)
    reason = device.no_kernel.__wrapped__()
    assert str(error) in reason
    assert "C compiler" in reason


def test_without_triton_the_other_engine_is_taken(monkeypatch):
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    assert device.no_kernel.__wrapped__() == "triton is not installed; pip install triton"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_has_a_kernel():
    assert device.no_kernel() is None
