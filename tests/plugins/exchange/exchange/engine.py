"""Programs of torch.export, run by torch."""

import io
import zipfile

import torch

from visionft.errors import CheckpointError, UnknownName
from visionft.predict.checks import check_canvases, check_spec
from visionft.spec import ModelSpec
from visionft.tasks import TASKS

SPEC = "visionft.spec"


class ProgramEngine:
    kind = "exported"

    def __init__(self, path, *, threads=None, providers=None):
        for provider in providers or []:
            if provider != "cpu":
                raise UnknownName("provider", provider, ["cpu"])
        if not path.is_file():
            raise CheckpointError(f"{path}: no such file; an exported program (.exported) is needed")
        self.spec = _read_spec(path)
        check_spec(path, self.spec)
        self._path = path
        if threads is not None:
            torch.set_num_threads(threads)
        self._run = torch.export.load(io.BytesIO(path.read_bytes())).module()
        self._names = [output.name for output in TASKS[self.spec.task].outputs if not output.derived]

    def __reduce__(self):
        return type(self), (self._path,)

    @torch.inference_mode()
    def run(self, images_BHW3):
        check_canvases(images_BHW3, self.spec)
        outputs = self._run(torch.tensor(images_BHW3))
        return {name: output.numpy() for name, output in zip(self._names, outputs, strict=False)}


def _read_spec(path):
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(f"/extra/{SPEC}"))
            return ModelSpec.from_json(archive.read(name).decode())
    except (zipfile.BadZipFile, ValueError, CheckpointError) as error:
        raise CheckpointError(f"{path}: no program that visionft exported ({error}); export it again") from error
