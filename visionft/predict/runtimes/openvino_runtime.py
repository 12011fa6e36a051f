"""Exported OpenVINO models, run by OpenVINO.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.errors import MissingExtra, UnknownName
from visionft.predict.runtimes.file_engine import FolderEngine

try:
    import openvino as ov
except ModuleNotFoundError as error:
    raise MissingExtra("openvino", "openvino", "running OpenVINO models") from error


class OpenVinoEngine(FolderEngine):
    """An OpenVINO model that has been opened; its providers are OpenVINO's devices, such as ``GPU``.

    On CPUs it computes in float32, whatever it was stored in, and as many layers in INT8 as the model says: by itself
    OpenVINO takes bfloat16 where the CPU has it, which moves scores by a percent.
    """

    kind: ClassVar[str] = "openvino"
    runtime: ClassVar[str] = "OpenVINO"
    files: ClassVar[tuple[str, ...]] = ("model.xml", "model.bin")

    def load(self, threads: int | None, providers: Sequence[str]) -> None:
        """Compile the model for its device."""
        core = ov.Core()
        device = _device(core, providers)
        options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if device == "CPU":
            options["INFERENCE_PRECISION_HINT"] = "f32"
            if threads is not None:
                options["INFERENCE_NUM_THREADS"] = threads
        self._compiled = compiled(core, core.read_model(self.folder / self.files[0]), device, options)
        self._idle: list[ov.InferRequest] = []

    def infer(self, images_BHW3: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        """Run one request; each is for one thread at a time, so that there are as many as threads have called."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        request.infer([images_BHW3], share_inputs=True)
        outputs = [request.get_tensor(name).data.copy() for name in self.names]
        self._idle.append(request)
        return outputs


def compiled(core: "ov.Core", model: "ov.Model", device: str, options: Mapping[str, Any]) -> "ov.CompiledModel":
    """Compile a model in a thread of its own.

    OpenVINO gives the thread that compiles another stack for signals and frees it later, after which Ctrl-C would end
    the process with a segmentation fault.

    Args:
        core: OpenVINO's.
        model: as it was read.
        device: in OpenVINO's words.
        options: the same.

    Raises:
        RuntimeError: OpenVINO cannot compile it.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(core.compile_model, model, device, dict(options)).result()


def _device(core: "ov.Core", providers: Sequence[str]) -> str:
    """Return OpenVINO's name of the devices that were asked for."""
    for provider in providers:
        if provider.partition(".")[0] not in (devices := {name.partition(".")[0] for name in core.available_devices}):
            raise UnknownName("device", provider, devices)
    if len(providers) > 1:
        return f"AUTO:{','.join(providers)}"
    return providers[0] if providers else "CPU"
