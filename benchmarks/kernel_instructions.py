"""How many instructions does the fused kernel spend on a pixel? Counted in what is compiled for an H200, without one.

python -m benchmarks.kernel_instructions [--smoke]

A GPU that issues one instruction for each of 128 lanes per multiprocessor and cycle is bound by them: with 132 of those
at 1.98 GHz, an H200 can do 1 / (instructions per pixel) of 33 trillion pixels a second, before it waits for any memory.
The count is that of the code as it stands, without loops run twice; images that are shrunk go four times through most.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from benchmarks import measure
from visionft.annotations.marks import IGNORE
from visionft.augment import fused
from visionft.augment.fused_kernel import augment_kernel
from visionft.augment.sampling import ERASE_BOXES

WARPS, CAPABILITY = 4, 90
LANES_PER_SECOND = 132 * 128 * 1.98e9
PLAIN: dict[str, Any] = {
    "MIRRORED": True,
    "MASKS": False,
    "MEANS": True,
    "PERSPECTIVE": False,
    "FINER": False,
    "GAMMA": False,
}
PLAIN |= {"NOISE": False, "ERASE_BOXES": 0}
VARIANTS: dict[str, dict[str, Any]] = {
    "affine and colours": {},
    "with a mask": {"MASKS": True},
    "with gamma": {"GAMMA": True},
    "with gamma, noise and holes": {"GAMMA": True, "NOISE": True, "ERASE_BOXES": ERASE_BOXES[1]},
    "some shrunk": {"FINER": True},
    "some in perspective": {"PERSPECTIVE": True},
    "over a border of one colour": {"MIRRORED": False},
}
TYPES = {"images": "*u8", "masks": "*u8", "tables": "*u8", "augmented": "*bf16", "parameters": "*fp32", "sums": "*i64"}
TYPES |= {"erase_boxes": "*i32", "seeds": "*i32", "height": "i32", "width": "i32"}


def instructions_per_pixel(variant: dict[str, Any]) -> float:
    across, down = fused._TILE
    fixed = (
        PLAIN
        | variant
        | {"MOST_ERASE_BOXES": ERASE_BOXES[1], "ERASED": 127, "IGNORE": IGNORE, "ACROSS": across, "DOWN": down}
    )
    names = augment_kernel.arg_names
    types = TYPES | {"augmented_masks": "*u8" if fixed["MASKS"] else "*bf16"} | dict.fromkeys(fixed, "constexpr")
    signature = {name: types.get(name, "fp32") for name in names}
    aligned = {
        (place,): [["tt.divisibility", 16]]
        for place, name in enumerate(names)
        if signature[name].startswith("*") or name in ("height", "width")
    }
    source = ASTSource(augment_kernel, signature, {(names.index(name),): fixed[name] for name in fixed}, aligned)
    options = {"num_warps": WARPS, "enable_fp_fusion": True}
    made = triton.compile(source, target=GPUTarget("cuda", CAPABILITY, 32), options=options)
    disassembler = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "nvdisasm"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernel.cubin"
        path.write_bytes(made.asm["cubin"])
        text = subprocess.run([disassembler, "-c", path], capture_output=True, text=True, check=True).stdout
    lines = re.findall(r"^\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+ )?(\w+)", text, re.MULTILINE)
    count = sum(name != "NOP" for name in lines)
    return float(count * 32 * WARPS / (across * down))


def main() -> None:
    args = measure.parser(__doc__).parse_args()
    os.environ.pop("TRITON_INTERPRET", None)
    variants = dict(list(VARIANTS.items())[:1]) if args.smoke else VARIANTS
    found = {name: instructions_per_pixel(variant) for name, variant in variants.items()}
    pixels = 224 * 224
    rows = [
        {"": name, "instructions per pixel": count, "images of 224/s at most": LANES_PER_SECOND / count / pixels}
        for name, count in found.items()
    ]
    measure.show("fused kernel, capability 9.0", rows)
    settings = {"capability": CAPABILITY, "warps": WARPS, "tile": fused._TILE, "triton": triton.__version__}
    measure.record("kernel_instructions", found, settings=settings, smoke=args.smoke)


if __name__ == "__main__":
    main()
