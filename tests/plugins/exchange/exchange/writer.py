"""Networks as programs of torch.export: ``.exported`` files, with the spec inside."""

import io

import torch

from exchange.engine import SPEC
from visionft.errors import ExportError
from visionft.export.writers.base import Writer


class ProgramWriter(Writer):
    kind = "program"
    suffix = ".exported"

    def write(self, network, spec, path, calibration=None):
        example = torch.zeros(2, spec.input.height, spec.input.width, 3, dtype=torch.uint8)
        try:
            program = torch.export.export(network, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
        except (torch._dynamo.exc.Unsupported, torch._dynamo.exc.UserError) as error:
            raise ExportError(f"torch cannot export the network: {str(error).partition(chr(10))[0]}") from error
        file = io.BytesIO()
        torch.export.save(program, file, extra_files={SPEC: spec.to_json()})
        path.write_bytes(file.getvalue())
