"""From a network to a program that torch has traced, which other tools read."""

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from visionft.errors import ExportError
from visionft.models.conversion import innermost_reason, quiet
from visionft.spec import ModelSpec

BATCH = ({0: torch.export.Dim("batch")},)
"""The dimensions that may differ from the example's, as ``torch.export`` takes them."""

# What tracing raises: reasons of its own, and whatever the code of a network does with values that are not there.
UNTRACEABLE = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError)


def trace(network: nn.Module, example: Tensor) -> ExportedProgram:
    """Return the program of a network, for any batch.

    Args:
        network: as of ``Writer.write``.
        example: canvases_BHW3, B > 1, since torch takes a dimension of 0 or 1 for a constant.

    Raises:
        ExportError: torch cannot trace it; the message is the reason.
    """
    try:
        with quiet():
            return torch.export.export(network, (example,), dynamic_shapes=BATCH)
    except UNTRACEABLE as error:
        raise ExportError(f"torch cannot trace the network: {innermost_reason(error)}") from error


def program_for_others(network: nn.Module, spec: ModelSpec) -> ExportedProgram:
    """Return a network's program as it goes into files, without the traces that name files of this machine."""
    # Canvases lie in memory as programs will be given them: code that is compiled for other strides reads other pixels.
    program = trace(network, torch.zeros(2, spec.input.height, spec.input.width, 3, dtype=torch.uint8))
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                node.meta.pop("stack_trace", None)
    return program
