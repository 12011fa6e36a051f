"""Mixup and cutmix of classes against brute force. Shape suffixes: B batch, K classes."""

import numpy as np
import pytest
import torch

from tests.augment.mixed import mixed_images, mixed_labels
from tests.data.samples import make_example
from visionft.augment import POLICIES, Augmenter, Policy, sample_params
from visionft.augment.label_mixing import mix_images, mixed_fractions, mixes
from visionft.augment_params import AugmentParams
from visionft.data.targets.label import Label


@pytest.mark.parametrize(("mixup", "cutmix"), [(1.0, 0.0), (0.0, 1.0), (0.4, 0.4)])
@pytest.mark.parametrize("size", [(11, 7), (1, 1), (6, 16)])
def test_images_and_labels_are_those_of_the_changes(mixup, cutmix, size):
    rng = np.random.default_rng(size[0])
    policy, seen = Policy(mixup=mixup, cutmix=cutmix), set()
    for seed in range(12):
        number = int(rng.integers(1, 7))
        changes = [sample_params(policy, "fixed", size, 100 * seed + place) for place in range(number)]
        images = rng.normal(0, 2, (number, *size[::-1], 3)).astype(np.float32)
        labels = rng.integers(0, 4, number)
        found, targets = torch.from_numpy(images.copy()), torch.from_numpy(labels)
        mix_images(found, changes)
        np.testing.assert_allclose(found, mixed_images(images, changes), atol=1e-5)
        shares_BK = Label.mixed(targets, mixed_fractions(changes, size, targets.device), 4)
        assert shares_BK.dtype == torch.float32
        np.testing.assert_allclose(shares_BK, mixed_labels(labels, changes, size, 4), atol=1e-6)
        assert mixes(changes) == any(change.mixup_lambda or change.cutmix_box for change in changes)
        seen |= {"mixup" if change.mixup_lambda else "cutmix" if change.cutmix_box else "neither" for change in changes}
    assert seen == {name for name, share in (("mixup", mixup), ("cutmix", cutmix)) if share} | (
        {"neither"} if mixup + cutmix < 1 else set()
    )


def test_one_image_alone_stays_what_it_is():
    image = torch.rand(1, 5, 6, 3)
    for change in (AugmentParams(mixup_lambda=0.3), AugmentParams(cutmix_box=(1, 1, 4, 3))):
        found = image.clone()
        mix_images(found, [change])
        assert torch.allclose(found, image, atol=1e-7)
        fractions_B = mixed_fractions([change], (6, 5), torch.device("cpu"))
        assert Label.mixed(torch.tensor([2]), fractions_B, 3).tolist() == [[0, 0, 1]]


def test_images_that_are_not_mixed_keep_every_bit():
    images = torch.rand(5, 4, 4, 3)
    found = images.clone()
    mix_images(
        found,
        [
            AugmentParams(),
            AugmentParams(mixup_lambda=0.5),
            AugmentParams(),
            AugmentParams(cutmix_box=(0, 0, 2, 4)),
            AugmentParams(),
        ],
    )
    assert [torch.equal(found[number], images[number]) for number in range(5)] == [True, False, True, False, True]
    assert torch.equal(found[3, :, :2], images[4, :, :2])  # the patch itself is the next image
    assert torch.equal(found[3, :, 2:], images[3, :, 2:])
    mix_images(images, [AugmentParams()] * 5)
    assert not mixes([AugmentParams()] * 5)


def test_halves_of_bf16_are_mixed_in_full_and_rounded_once():
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.normal(0, 2, (6, 8, 8, 3))).bfloat16()
    changes = [sample_params(Policy(mixup=0.5, cutmix=0.5), "fixed", (8, 8), seed) for seed in range(6)]
    found = images.clone()
    mix_images(found, changes)
    expected = torch.from_numpy(mixed_images(images.double().numpy(), changes))
    assert found.dtype == torch.bfloat16
    assert (found.double() - expected).abs().le(expected.abs() * 2**-8 + 1e-6).all()


def test_the_loader_draws_as_many_as_asked_and_leaves_them_to_the_batch():
    augment = Augmenter("light", "upright", mixup=0.3, cutmix=0.5)
    plain = Augmenter("light", "upright")
    example = make_example(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))
    found = [augment(example, seed) for seed in range(400)]
    for seed, one in enumerate(found):  # what needs no other image has happened, as without mixing
        assert np.array_equal(one.image_HW3, plain(example, seed).image_HW3)
        assert one.params == one.params.mixing
    assert np.mean([one.params.mixup_lambda > 0 for one in found]) == pytest.approx(0.3, abs=0.07)
    assert np.mean([one.params.cutmix_box is not None for one in found]) == pytest.approx(0.5, abs=0.07)
    later = Augmenter("light", "upright", mixup=0.3, cutmix=0.5, defer_to_device=True)
    assert [later(example, seed).params.mixing for seed in range(400)] == [one.params for one in found]


def test_strength_none_mixes_nothing():
    augment = Augmenter("none", "upright", mixup=1.0)
    assert augment.policy is POLICIES["none"] is None
    example = make_example(np.zeros((4, 4, 3), np.uint8))
    assert augment(example, 0) is example
