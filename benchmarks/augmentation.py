"""How fast is augmentation beside albumentations, torchvision and kornia, for the same list of changes?

python -m benchmarks.augmentation [--batch 64] [--size 224] [--repeats 15] [--threads 1] [--smoke]

The list: cut out and resize, flip, turn, shear and shift, brightness, contrast, saturation, hue, normalise: from uint8
canvases to float32 of the same size, all changes always, ranges alike. Ours draws, composes all geometry and all colour
to a matrix each and samples once; the others do one after the other. "per image" calls once for each image;
torchvision on the batch draws one set of parameters for all its images, ours and kornia one for each. kornia is left
out where it is not installed.
"""

from collections.abc import Callable
from importlib.util import find_spec
from itertools import count, islice
from typing import Any

import albumentations
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2

from benchmarks import measure
from visionft.augment import Policy, sample_params
from visionft.augment.batch import Normalised, augment_batch
from visionft.augment.cpu import apply
from visionft.augment_params import AugmentParams
from visionft.data.records import Example
from visionft.data.targets.label import CanvasLabel

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
POLICY = Policy(zoom=0.3, shift=0.1, rotate=15, shear=5, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05)
AREA = (0.6, 1.0)  # of what is cut out: enlarges by up to 1.3, as ``zoom`` does
ALBUMENTATIONS, TORCHVISION = "albumentations, per image", "torchvision v2, on the batch"


def drawn(size: int, number: int) -> list[AugmentParams]:
    """Return changes that change colours, as the others always do."""
    found = (sample_params(POLICY, "upright", (size, size), seed) for seed in count())
    return list(islice((change for change in found if change.brightness != 1), number))


def with_albumentations(size: int) -> Callable[[NDArray[np.uint8]], object]:
    steps = albumentations.Compose(
        [
            albumentations.RandomResizedCrop((size, size), scale=AREA),
            albumentations.HorizontalFlip(p=0.5),
            albumentations.Affine(rotate=(-15, 15), shear=(-5, 5), translate_percent=(-0.1, 0.1), p=1.0),
            albumentations.ColorJitter((0.8, 1.2), (0.8, 1.2), (0.8, 1.2), (-0.05, 0.05), p=1.0),
            albumentations.Normalize(MEAN, STD),
        ]
    )
    return lambda image_HW3: steps(image=image_HW3)


def with_torchvision(size: int) -> Callable[[Tensor], Tensor]:
    steps: Callable[[Tensor], Tensor] = v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=AREA, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(
                15, translate=(0.1, 0.1), shear=(-5, 5, -5, 5), interpolation=v2.InterpolationMode.BILINEAR
            ),
            v2.ColorJitter(0.2, 0.2, 0.2, 0.05),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )
    return steps


def with_kornia(size: int) -> torch.nn.Module:
    from kornia import augmentation as kornia

    return torch.nn.Sequential(
        kornia.RandomResizedCrop((size, size), scale=AREA),
        kornia.RandomHorizontalFlip(),
        kornia.RandomAffine(15, translate=(0.1, 0.1), shear=(-5, 5, -5, 5), p=1.0),
        kornia.ColorJitter(0.2, 0.2, 0.2, 0.05, p=1.0),
        kornia.Normalize(torch.tensor(MEAN), torch.tensor(STD)),
    )


def per_image(images_BHW3: NDArray[np.uint8]) -> dict[str, Callable[[], object]]:
    size, changes = images_BHW3.shape[1], drawn(images_BHW3.shape[1], len(images_BHW3))
    # cv2's stubs know no scalars of four numbers
    mean: Any = (*(255 * value for value in MEAN), 0.0)
    scale: Any = (*(1 / (255 * value) for value in STD), 0.0)
    albumented, tensored = with_albumentations(size), with_torchvision(size)
    images_BCHW = torch.from_numpy(images_BHW3).permute(0, 3, 1, 2).contiguous()

    def ours() -> None:
        for number, (image_HW3, change) in enumerate(zip(images_BHW3, changes, strict=True)):
            sample_params(POLICY, "upright", (size, size), number)  # another one, whose colours may stay
            changed = apply(Example(image_HW3, CanvasLabel(0)), change)
            found_HW3 = cv2.subtract(changed.image_HW3, mean, dtype=cv2.CV_32F)
            cv2.multiply(found_HW3, scale, found_HW3)

    return {
        ALBUMENTATIONS: lambda: [albumented(image_HW3) for image_HW3 in images_BHW3],
        "visionft, CPU engine": ours,
        "torchvision v2, per image": lambda: [tensored(image_CHW) for image_CHW in images_BCHW],
    }


def on_batches(images_BHW3: NDArray[np.uint8]) -> dict[str, Callable[[], object]]:
    size, number = images_BHW3.shape[1], len(images_BHW3)
    changes = drawn(size, number)
    here_BHW3 = torch.from_numpy(images_BHW3).to(measure.DEVICE)
    here_BCHW = here_BHW3.permute(0, 3, 1, 2).contiguous()
    tensored = with_torchvision(size)

    def ours() -> None:
        for seed in range(number):
            sample_params(POLICY, "upright", (size, size), seed)
        augment_batch(here_BHW3, changes, normalised=Normalised(MEAN, STD))

    found: dict[str, Callable[[], object]] = {
        TORCHVISION: lambda: tensored(here_BCHW),
        "visionft, batch engine": ours,
    }
    if find_spec("kornia"):
        korned = with_kornia(size).to(measure.DEVICE)
        found["kornia, on the batch"] = lambda: korned(here_BCHW.float() / 255)
    return found


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads if args.threads > 1 else 0)
    torch.manual_seed(0)
    batch, repeats = (4, 1) if args.smoke else (args.batch, args.repeats)
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (batch, 28, 28, 3), dtype=np.uint8)
    images_BHW3 = np.stack([cv2.resize(one, (args.size, args.size), interpolation=cv2.INTER_CUBIC) for one in coarse])
    results: dict[str, Any] = {}
    with torch.inference_mode():
        for name, actions, reference in (
            ("images", per_image(images_BHW3), ALBUMENTATIONS),
            ("batches", on_batches(images_BHW3), TORCHVISION),
        ):
            seconds = measure.interleave(actions, repeats=repeats, warmup=2)
            results[name] = measure.compare(f"{name} of {args.size} x {args.size}", seconds, batch, reference)
    settings = {"batch": batch, "size": args.size, "repeats": repeats, "threads": args.threads}
    measure.record("augmentation", results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
