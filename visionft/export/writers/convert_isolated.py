"""Converts a torch program in any Python that has the converter; of visionft it needs nothing.

python convert_isolated.py RUNTIME model.pt2 OUTPUT
"""

import sys
from pathlib import Path
from typing import Any


def to_executorch(program: Any, path: str) -> None:
    """Write a program for XNNPACK, and ExecuTorch's portable kernels for what that does not have."""
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()]).to_executorch()
    Path(path).write_bytes(lowered.buffer)


def to_litert(program: Any, path: str) -> None:
    """Write a model that takes one image at a time."""
    import litert_torch
    import torch

    _, *lengths = program.example_inputs[0][0].shape
    litert_torch.convert(program.module(), (torch.zeros(1, *lengths, dtype=torch.uint8),)).export(path)


CONVERTERS = {"executorch": to_executorch, "litert": to_litert}


def main(runtime: str, source: str, path: str) -> None:
    """Convert a file."""
    import torch

    if b"torchvision." in Path(source).read_bytes():
        import torchvision  # noqa: F401  # its operations are known by then
    CONVERTERS[runtime](torch.export.load(source), path)


if __name__ == "__main__":
    main(*sys.argv[1:])
