"""How many images a second does a GPU augment, uint8 to bf16 in channels_last, beside kornia and torchvision?

python -m benchmarks.augmentation_gpu [--sizes 224 512] [--batch 256] [--repeats 30] [--smoke]

The list of ``benchmarks.augmentation``. Images rotate over buffers of more than a gigabyte, which no cache holds; time
is between CUDA events around all buffers, the median of the repeats. Before, changes are drawn, and packed for the
fused engine. torchvision and kornia get uint8 of (B, 3, H, W), as they like it, and give bf16. kornia is left out where
it is not installed.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from benchmarks import measure
from benchmarks.augmentation import MEAN, STD, drawn, with_kornia, with_torchvision
from visionft.augment.batch import Normalised, augment_batch

BYTES = 1 << 30
NORMALISED = Normalised(MEAN, STD, torch.bfloat16)
OURS = "visionft, fused"


def milliseconds(action: Callable[[Tensor], object], buffers: list[Tensor], repeats: int) -> list[float]:
    """Return the mean time that each round over the buffers takes on the device, per buffer."""
    events = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(repeats)]
    for _ in range(2):
        for buffer in buffers:
            action(buffer)
    for start, end in events:
        torch.cuda.synchronize()
        start.record()
        for buffer in buffers:
            action(buffer)
        end.record()
    torch.cuda.synchronize()
    return [start.elapsed_time(end) / len(buffers) for start, end in events]


def measure_size(size: int, batch: int, repeats: int, least: int) -> dict[str, Any]:
    from visionft.augment.fused import launch, pack

    changes = drawn(size, batch)
    number = max(2, -(-least // (batch * size * size * 3)))
    images = [torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8, device="cuda") for _ in range(number)]
    planes = [image.permute(0, 3, 1, 2).contiguous() for image in images]
    masks = torch.randint(0, 20, (batch, size, size), dtype=torch.uint8, device="cuda")
    packed = pack(changes, torch.device("cuda"))
    tensored = with_torchvision(size)
    actions: dict[str, tuple[Callable[[Tensor], object], list[Tensor]]] = {
        OURS: (lambda part: launch(part, packed, normalised=NORMALISED), images),
        f"{OURS}, with masks": (
            lambda part: launch(part, packed, normalised=NORMALISED, masks_BHW=masks),
            images,
        ),
        "visionft, batch engine": (lambda part: augment_batch(part, changes, normalised=NORMALISED), images),
        "torchvision v2, on the batch": (lambda part: tensored(part).bfloat16(), planes),
    }
    if find_spec("kornia"):
        korned = with_kornia(size).to("cuda")
        actions["kornia, on the batch"] = (lambda part: korned(part.float() / 255).bfloat16(), planes)
    seconds = {
        name: [value / 1000 for value in milliseconds(action, buffers, repeats)]
        for name, (action, buffers) in actions.items()
    }
    return measure.compare(f"{size} x {size}", seconds, batch, OURS)


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 512])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=30)
    args = parser.parse_args()
    if measure.DEVICE.type != "cuda":
        raise SystemExit("there is no GPU here")
    torch.manual_seed(0)
    batch, repeats, least = (4, 2, 1) if args.smoke else (args.batch, args.repeats, BYTES)
    with torch.inference_mode():
        results = {str(size): measure_size(size, batch, repeats, least) for size in args.sizes}
    settings = {"batch": batch, "sizes": args.sizes, "repeats": repeats, "dtype": "bfloat16"}
    measure.record("augmentation_gpu", results, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
