"""Activations are changed as pictures are: each channel by its own draw, the same for the same seed."""

import pytest
import torch

from visionft.augment.features import ActivationLayout, FeaturePolicy, change_activations, layout_of, mix_activations

MAPS = ActivationLayout(-1, (-3, -2))


def maps(images=3, side=4, channels=5):
    return torch.rand(images, 1, side, side, channels, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 7, 7, 320), ActivationLayout(-1, (-3, -2))),  # channels last
        ((1, 320, 7, 7), ActivationLayout(-3, (-2, -1))),
        ((1, 14, 14, 14), ActivationLayout(-1, (-3, -2))),
        ((1, 197, 192), ActivationLayout(-1)),  # tokens
        ((1, 1280), ActivationLayout(-1)),
        ((1280,), ActivationLayout(-1)),
        ((1, 320, 1, 1), ActivationLayout(-3)),  # a gate
        ((4, 7, 7, 96), ActivationLayout(-1)),  # windows
    ],
)
def test_maps_are_known_by_the_canvas(shape, expected):
    assert layout_of(shape, (224, 224)) == expected


def test_maps_of_an_oblong_canvas_whose_sides_are_no_multiples():
    assert layout_of((1, 4, 2, 64), (100, 60)).sides == (-3, -2)
    assert layout_of((1, 64, 3, 1), (100, 60)).sides == (-2, -1)
    assert layout_of((1, 2, 4, 64), (100, 60)).sides is None


def test_a_seed_decides_whatever_else_is_in_the_batch():
    kept = maps()
    policy = FeaturePolicy(dropout=0.3, brightness=0.3, contrast=0.3, posterize=3)
    (whole,) = change_activations([kept], [MAPS], policy, [4, 5, 6])
    (alone,) = change_activations([kept[1:2]], [MAPS], policy, [5])
    assert torch.equal(whole[1:2], alone)
    (other,) = change_activations([kept[1:2]], [MAPS], policy, [7])
    assert not torch.equal(alone, other)


def test_a_dropped_channel_is_dropped_everywhere_and_the_mean_stays():
    kept = torch.ones(64, 1, 4, 4, 50)
    (dropped,) = change_activations([kept], [MAPS], FeaturePolicy(dropout=0.25), range(64))
    by_channel = dropped.flatten(1, 3)
    assert torch.equal(by_channel.amin(1), by_channel.amax(1))
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.05)


def test_values_stay_in_the_range_of_their_image():
    kept = 6 * maps() - 2
    policy = FeaturePolicy(brightness=0.8, contrast=0.8, posterize=2)
    (changed,) = change_activations([kept], [MAPS], policy, [1, 2, 3])
    for before, after in zip(kept, changed, strict=True):
        assert after.min() >= before.min() - 1e-5
        assert after.max() <= before.max() + 1e-5
    assert not torch.allclose(changed, kept, atol=0.1)


def test_brightness_shifts_each_channel_by_its_own_amount():
    kept = torch.zeros(1, 1, 2, 2, 6)
    kept[..., 0, 0, 0], kept[..., 1:, 1:, 1:] = 1.0, 0.5  # channels in the middle of the range
    (changed,) = change_activations([kept], [MAPS], FeaturePolicy(brightness=0.4), [3])
    shifts = (changed - kept)[0, 0, 1, 1, 1:]
    assert shifts.abs().max() <= 0.4 + 1e-6
    assert len(shifts.unique()) == 5


def test_posterize_to_one_bit_leaves_two_values():
    kept = maps(images=1, side=16, channels=40)
    (changed,) = change_activations([kept], [MAPS], FeaturePolicy(posterize=1), [0])
    counts = [len(changed[..., channel].unique()) for channel in range(40)]
    assert min(counts) <= 2
    assert len(set(counts)) > 3  # other channels keep more bits


def test_tensors_with_as_many_channels_are_changed_alike():
    tokens = torch.ones(2, 1, 9, 30)
    one, two = change_activations(
        [tokens, tokens[:, :, :4]], [ActivationLayout(-1)] * 2, FeaturePolicy(dropout=0.5), [1, 2]
    )
    assert torch.equal(one[:, :, :4], two)


def test_16_bits_stay_16_bits_and_whole_numbers_stay_as_they_are():
    whole = torch.arange(12).reshape(2, 1, 6)
    half, same = change_activations(
        [maps(2).half(), whole], [MAPS, ActivationLayout(-1)], FeaturePolicy(dropout=0.5, contrast=0.5), [1, 2]
    )
    assert half.dtype == torch.float16
    assert torch.equal(same, whole)


def test_mixup_blends_every_tensor_by_what_it_tells():
    one, two = maps(), torch.rand(3, 1, 9, 8)
    mixed, fractions_B = mix_activations([one, two], [MAPS, ActivationLayout(-1)], FeaturePolicy(mixup=1.0), [1, 2, 3])
    assert len(fractions_B.unique()) == 3
    for before, after in zip((one, two), mixed, strict=True):
        for image in range(3):
            fraction, following = fractions_B[image], before[(image + 1) % 3]
            torch.testing.assert_close(after[image], (1 - fraction) * before[image] + fraction * following)


def test_cutmix_takes_the_same_rectangle_of_fine_and_coarse_maps():
    coarse = torch.arange(40.0).reshape(40, 1, 1, 1, 1).expand(40, 1, 4, 4, 3).clone()
    fine = torch.arange(40.0).reshape(40, 1, 1, 1, 1).expand(40, 1, 8, 8, 2).clone()
    (one, two), fractions_B = mix_activations([coarse, fine], [MAPS, MAPS], FeaturePolicy(cutmix=1.0), range(40))
    for image in range(40):
        following = float((image + 1) % 40)
        assert (one[image] == following).float().mean().item() == pytest.approx(fractions_B[image].item())
        cells = (two[image] == following)[0, ..., 0]
        assert torch.equal(cells, (one[image] == following)[0, ..., 0].repeat_interleave(2, 0).repeat_interleave(2, 1))
    assert 0.2 < fractions_B.mean().item() < 0.6


def test_nothing_is_mixed_as_often_as_is_asked():
    _, fractions_B = mix_activations(
        [torch.rand(400, 1, 6)], [ActivationLayout(-1)], FeaturePolicy(mixup=0.25), range(400)
    )
    assert (fractions_B > 0).float().mean().item() == pytest.approx(0.25, abs=0.06)
