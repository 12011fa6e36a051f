"""The fused engine does what the batch engine does: under Triton's interpreter, and on a GPU where there is one."""

import importlib
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from tests.augment.test_batch import EACH, EACH_STEP, TABLES, pictures
from visionft.augment import sample_params
from visionft.augment.batch import Normalised, augment_batch
from visionft.augment_params import AugmentParams

pytest.importorskip("triton")

NORMALISED = Normalised((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@contextmanager
def imported(interpreted):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", str(int(interpreted)))
        names = ("visionft.augment.fused", "visionft.augment.fused_kernel")
        for name in names:
            sys.modules.pop(name, None)
        yield importlib.import_module(names[0]), patch
        for name in names:
            del sys.modules[name]


@pytest.fixture(scope="module", params=["interpreter", "gpu"])
def engine(request):
    """Return the module, as it is imported for one of both, and the device."""
    if request.param == "gpu" and not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    with imported(request.param == "interpreter") as (module, patch):
        if request.param == "interpreter":  # which adds up one by one, unless it knows that it is adding
            combine = importlib.import_module("triton.language").standard._sum_combine
            patch.setattr(sys.modules["visionft.augment.fused_kernel"], "_plus", combine)
        yield module, "cuda" if request.param == "gpu" else "cpu"


def compared(engine, size, changes, fill, *, normalised=None, seed=0):
    """Return images and masks of the batch engine, and those of the fused one."""
    module, device = engine
    images, masks = (torch.from_numpy(array) for array in pictures(np.random.default_rng(seed), size, len(changes)))
    options = {"fill": fill, "normalised": normalised}
    expected = augment_batch(images, changes, masks_BHW=masks, **options)
    found = module.augment_fused(images.to(device), changes, masks_BHW=masks.to(device), **options)
    return expected, [tensor.cpu() for tensor in found]


@pytest.mark.parametrize(("table", "strength"), EACH)
def test_drawn_changes(engine, table, strength):
    policies, fill = TABLES[table]
    off, of_masks = [], []
    for seed, size in enumerate([(45, 30), (31, 31), (1, 9)]):
        changes = [sample_params(policies[strength], "any", size, 10 * seed + number) for number in range(3)]
        changes = [change for change in changes if not change.needs_cpu]
        (expected, masks), (found, moved) = compared(engine, size, changes, fill, seed=seed)
        assert (found.dtype, found.shape) == (torch.uint8, expected.shape)
        off.append((found.int() - expected.int()).abs().amax(3).flatten())
        of_masks.append((masks != moved).flatten())
    assert (torch.cat(off) > 1).float().mean() < 0.001
    assert (torch.cat(off) > 0).float().mean() < 0.01
    assert torch.cat(of_masks).float().mean() < 1e-3


@pytest.mark.parametrize("step", EACH_STEP)
@pytest.mark.parametrize("fill", [None, (124, 116, 104)])
def test_each_step_alone(engine, step, fill):
    """Blur by the batch engine, in the same call."""
    changes = [AugmentParams(**EACH_STEP[step]), AugmentParams(), AugmentParams(**EACH_STEP[step])]
    assert engine[0].fuses(changes[0]) == (step != "blur")
    (expected, masks), (found, moved) = compared(engine, (31, 31), changes, fill)
    assert (found == expected).float().mean() > 0.9995
    assert (masks == moved).all()


def test_noise_is_the_same_to_the_last_bit(engine):
    seeds = (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 3_141_592_653)
    changes = [
        AugmentParams(noise=0.01 * number, noise_seed=seed, erase_boxes=((1, 1, 9, 4),))
        for number, seed in enumerate(seeds)
    ]
    (expected, _), (found, _) = compared(engine, (37, 29), changes, None)
    assert (found == expected).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_images_as_a_network_takes_them(engine, dtype):
    changes = [AugmentParams(**EACH_STEP[step]) for step in ("colour", "holes", "blur", "gamma")]
    normalised = Normalised(NORMALISED.mean, NORMALISED.std, dtype)
    (expected, _), (found, _) = compared(engine, (30, 20), changes, None, normalised=normalised)
    assert (found.dtype, found.shape) == (dtype, expected.shape)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert (found.float() - expected.float()).abs().max() < (1e-5 if dtype == torch.float32 else 0.02)


def test_contrast_is_about_the_mean_of_all_pixels(engine):
    """Also of more than one program adds up, and of images that do not lie in one piece."""
    module, device = engine
    images = torch.from_numpy(np.random.default_rng(4).integers(0, 256, (2, 3, 70, 90), dtype=np.uint8))
    images_BHW3 = images.permute(0, 2, 3, 1)
    changes = [AugmentParams(contrast=0.6), AugmentParams(contrast=1.3, brightness=0.9)]
    found, _ = module.augment_fused(images_BHW3.to(device), changes)
    grey_B = (images.double().mean((2, 3)) @ torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)).tolist()
    for image_3HW, found_HW3, change, grey in zip(images.double(), found.cpu(), changes, grey_B, strict=True):
        expected_3HW = change.brightness * (grey + change.contrast * (image_3HW - grey))
        assert (found_HW3.permute(2, 0, 1) - expected_3HW.clamp(0, 255)).abs().max() < 0.51


@pytest.mark.parametrize("fill", [None, (124, 116, 104)])
def test_nothing_is_read_but_the_images(fill):
    """Tiles reach beyond the canvas, and there a change in perspective may divide by next to nothing."""
    tilt = (1 - 3e-7) / 24  # what is divided by is 1 in the centre, and next to nothing 24 columns to the right
    centre = np.array([[1, 0, 16.5], [0, 1, 16.5], [0, 0, 1]])
    matrix = centre @ np.array([[1, 0, 0], [0, 1, 0], [tilt, 0, 1]]) @ np.linalg.inv(centre)
    change = AugmentParams(rows=(tuple(matrix[0]), tuple(matrix[1])), perspective_row=tuple(matrix[2]))
    images, read = torch.zeros((1, 33, 33, 3), dtype=torch.uint8), []
    with imported(True) as (module, patch):
        kernel = sys.modules["visionft.augment.fused_kernel"]
        value = kernel._value

        def noted(pixel, *rest):
            read.append(pixel.handle.data - images.data_ptr())
            assert 0 <= read[-1].min() <= read[-1].max() < images.nbytes
            return value(pixel, *rest)

        patch.setattr(kernel, "_value", noted)
        module.augment_fused(images, [change], fill=fill)
    assert len(read) == 2 * 2 * 4 * 3  # tiles, neighbours and colours


def test_without_masks_and_what_cannot_be_done(engine):
    module, device = engine
    images = torch.zeros((2, 8, 8, 3), dtype=torch.uint8, device=device)
    assert module.augment_fused(images, [AugmentParams(), AugmentParams()])[1] is None
    with pytest.raises(ValueError, match="JPEG"):
        module.augment_fused(images, [AugmentParams(), AugmentParams(jpeg=50)])
    with pytest.raises(ValueError, match="2 images and 1 changes"):
        module.augment_fused(images, [AugmentParams()])


@pytest.mark.slow
@pytest.mark.parametrize(("mirrored", "kind"), [(True, "bf16"), (False, "u8")])
def test_it_compiles_for_a_gpu_that_is_not_there(tmp_path, mirrored, kind):
    """The interpreter takes what the compiler may not."""
    compiler, backends = pytest.importorskip("triton.compiler"), pytest.importorskip("triton.backends.compiler")
    fixed = {
        "MIRRORED": mirrored,
        "MASKS": True,
        "MEANS": True,
        "PERSPECTIVE": mirrored,
        "FINER": mirrored,
        "GAMMA": True,
        "NOISE": True,
        "ERASE_BOXES": 3,
        "MOST_ERASE_BOXES": 3,
        "ERASED": 127,
    }
    fixed |= {"IGNORE": 255, "ACROSS": 32, "DOWN": 32}
    types = {"images": "*u8", "masks": "*u8", "augmented_masks": "*u8", "tables": "*u8", "augmented": f"*{kind}"}
    types |= {"parameters": "*fp32", "sums": "*i64", "erase_boxes": "*i32", "seeds": "*i32"}
    with imported(False) as (module, patch):
        patch.setenv("TRITON_CACHE_DIR", str(tmp_path))
        for kernel, known in ((module.augment_kernel, fixed), (module.sum_kernel, {"BLOCK": 4096})):
            names = kernel.arg_names
            kinds = types | dict.fromkeys(known, "constexpr")
            signature = {name: kinds.get(name, "fp32" if name[-1].isdigit() else "i32") for name in names}
            places = {(names.index(name),): value for name, value in known.items()}
            source = compiler.ASTSource(fn=kernel, signature=signature, constexprs=places)
            target = backends.GPUTarget("cuda", 90, 32)
            made = compiler.compile(source, target=target, options={"enable_fp_fusion": True})
            assert len(made.asm["cubin"]) > 1000
