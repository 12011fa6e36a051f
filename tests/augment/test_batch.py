"""The batch engine does what the CPU engine does; how well, over more cases: ``python -m tests.augment.test_batch``."""

import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from tests.data.samples import make_example
from visionft.augment import OBJECT_POLICIES, POLICIES, POLYGON_POLICIES, sample_params
from visionft.augment.batch import Normalised, augment_batch
from visionft.augment.cpu import apply
from visionft.augment_params import AugmentParams

BORDER = (124, 116, 104)
TABLES = {"images": (POLICIES, None), "boxes": (OBJECT_POLICIES, BORDER), "outlines": (POLYGON_POLICIES, BORDER)}
EACH = [(table, strength) for table in TABLES for strength in ("light", "medium", "strong", "auto")]
ORIENTATIONS = ("fixed", "upright", "any")
BATCH = 4


def pictures(rng, size, number):
    """Return images (every other one white noise, which shows any error; the others smooth) and masks."""
    images = np.empty((number, size[1], size[0], 3), np.uint8)
    for image in images[::2]:
        image[:] = rng.integers(0, 256, image.shape)
    for image in images[1::2]:
        coarse = rng.integers(0, 256, (size[1] // 6 + 2, size[0] // 6 + 2, 3), dtype=np.uint8)
        image[:] = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    return images, rng.integers(0, 200, images.shape[:3], dtype=np.uint8)


def differences(table, strength, seed, largest=120):
    """Return by how much the engines' pixels differ in a batch, and how many pixels of masks do."""
    policies, fill = TABLES[table]
    rng = np.random.default_rng(seed)
    size = tuple(rng.integers(1, largest, 2).tolist())
    size = (size[0], size[0]) if seed % 2 else size
    images, masks = pictures(rng, size, BATCH)
    orientation = ORIENTATIONS[seed % 3]
    changes = [sample_params(policies[strength], orientation, size, BATCH * seed + number) for number in range(BATCH)]
    changes = [replace(change, jpeg=0) for change in changes]
    expected = [apply(make_example(*pair), change, fill) for *pair, change in zip(images, masks, changes, strict=True)]
    found, moved = augment_batch(torch.from_numpy(images), changes, fill=fill, masks_BHW=torch.from_numpy(masks))
    assert (found.dtype, found.shape, moved.dtype, moved.shape) == (torch.uint8, images.shape, torch.uint8, masks.shape)
    off = np.abs(found.numpy().astype(int) - np.stack([one.image_HW3 for one in expected])).max(axis=-1)
    return off.ravel(), int((moved.numpy() != np.stack([one.target.mask_HW for one in expected])).sum())


@pytest.mark.parametrize(("table", "strength"), EACH)
def test_both_engines_give_the_same(table, strength):
    cases = [differences(table, strength, seed) for seed in range(15)]
    off = np.concatenate([case[0] for case in cases])
    assert (off > 1).mean() < 0.001
    assert (off > 0).mean() < 0.01
    assert off.max() <= 4
    assert sum(case[1] for case in cases) / len(off) < 1e-4


EACH_STEP = {
    "flip": {"rows": ((-1.0, 0.0, 31.0), (0.0, 1.0, 0.0))},
    "turn": {"rows": ((0.0, -1.0, 31.0), (1.0, 0.0, 0.0))},
    "half": {"rows": ((0.5, 0.0, 3.06), (0.0, 0.5, 5.04))},
    "perspective": {
        "rows": ((1.15, 0.1, -4.0), (-0.05, 1.1, 0.03)),
        "perspective_row": (0.006, -0.004, 0.969),
    },
    "far": {"rows": ((0.76, 0.02, 0.13), (0.01, 0.73, 0.21)), "perspective_row": (-0.004, 0.003, 1.0)},
    "colour": {"brightness": 1.2, "contrast": 0.8, "saturation": 1.3, "hue": 0.03},
    "grey": {"saturation": 0.0},
    "gamma": {"gamma": 0.85},
    "blur": {"blur": 1.1},
    "noise": {"noise": 0.05, "noise_seed": 4_123_456_789},
    "holes": {"erase_boxes": ((0, 0, 4, 7), (30, 3, 31, 31))},
}


@pytest.mark.parametrize("step", EACH_STEP)
@pytest.mark.parametrize("fill", [None, BORDER])
def test_each_step_alone_is_exact(step, fill):
    """Also where other images of the batch do not take it."""
    images, masks = pictures(np.random.default_rng(1), (31, 31), 4)
    before = images.copy()
    changes = [AugmentParams(**EACH_STEP[step]), AugmentParams(), AugmentParams(**EACH_STEP[step]), AugmentParams()]
    for taken in ([0, 1, 2, 3], [0, 2]):
        some = [changes[number] for number in taken]
        found, moved = augment_batch(
            torch.from_numpy(images[taken]), some, fill=fill, masks_BHW=torch.from_numpy(masks[taken])
        )
        for number, change in enumerate(some):
            expected = apply(make_example(images[taken[number]], masks[taken[number]]), change, fill)
            assert (found[number].numpy() == expected.image_HW3).mean() > 0.9995
            assert (moved[number].numpy() == expected.target.mask_HW).all()
    assert (images == before).all()


def test_images_as_a_network_takes_them():
    images, _ = pictures(np.random.default_rng(1), (40, 24), 5)
    changes = [replace(sample_params(POLICIES["strong"], "any", (40, 24), seed), jpeg=0) for seed in range(5)]
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    plain, none = augment_batch(torch.from_numpy(images), changes)
    assert none is None
    expected = (plain.numpy() / 255 - mean) / std
    for dtype, tolerance in ((torch.float32, 1e-6), (torch.bfloat16, 0.01)):
        found, _ = augment_batch(torch.from_numpy(images), changes, normalised=Normalised(mean, std, dtype))
        assert (found.dtype, tuple(found.shape)) == (dtype, (5, 3, 24, 40))
        assert found.is_contiguous(memory_format=torch.channels_last)
        assert np.abs(found.float().permute(0, 2, 3, 1).numpy() - expected).max() < tolerance


def test_what_cannot_be_done_is_refused():
    images = torch.zeros((2, 8, 8, 3), dtype=torch.uint8)
    with pytest.raises(ValueError, match="JPEG"):
        augment_batch(images, [AugmentParams(), AugmentParams(jpeg=50)])
    with pytest.raises(ValueError, match="2 images and 1 changes"):
        augment_batch(images, [AugmentParams()])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("table", "strength"), EACH)
def test_a_gpu_gives_the_same(table, strength):
    policies, fill = TABLES[table]
    images, masks = (torch.from_numpy(array) for array in pictures(np.random.default_rng(3), (90, 90), 16))
    changes = [replace(sample_params(policies[strength], "any", (90, 90), seed), jpeg=0) for seed in range(16)]
    here, there = (
        augment_batch(images.to(device), changes, fill=fill, masks_BHW=masks.to(device)) for device in ("cpu", "cuda")
    )
    off = (here[0].int() - there[0].cpu().int()).abs()
    assert (off > 1).float().mean() < 0.001
    assert (here[1] != there[1].cpu()).float().mean() < 1e-4


def main(number):
    """Print how far the engines are apart over so many drawn changes."""
    for table, strength in EACH:
        cases = [differences(table, strength, seed) for seed in range(-(-number // (BATCH * len(EACH))))]
        off = np.concatenate([case[0] for case in cases])
        print(
            f"{table:9} {strength:7} {BATCH * len(cases)} changes, {len(off)} pixels: off by more than 1/255 "
            f"{(off > 1).mean():.1e}, at all {(off > 0).mean():.1e}, at most {off.max()}/255; "
            f"masks {sum(case[1] for case in cases) / len(off):.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
