"""How long the exported file of a network takes for one image, by onnxruntime on the CPU.

Shape suffixes: B batch, H height, W width, 3 colours.
"""

import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from statistics import median
from typing import Any

import numpy as np
import onnxruntime as ort
import torch

from visionft.atomic import read_json, write_json
from visionft.cores import usable_cores
from visionft.errors import CheckpointError, ExportError
from visionft.imaging.normalization import byte_statistics
from visionft.models.backbones import Backbone
from visionft.models.conversion import to_onnx
from visionft.models.network import OfCanvases
from visionft.predict.runtimes.onnx_runtime import ORT_ERRORS
from visionft.spec import InputSpec
from visionft.user_cache import user_cache

_FILE, _MOST = "latencies.json", 500  # networks in it; the oldest go
_WARMING, _ROUNDS, _RUNS, _ENOUGH = 3, 3, 10, 0.5  # of a round: runs, or seconds
_VERSIONED = ("torch", "torchvision", "timm", "onnxruntime")
_UNREADABLE = (CheckpointError, RuntimeError, KeyError, TypeError, ValueError, AttributeError, OSError)


def latency(backbone: Backbone, spec: InputSpec, *, maps: bool) -> float | None:
    """Return the milliseconds of one image, measured now or for the same network on this machine before.

    The network is changed: it ends on the CPU, as it is exported.

    Args:
        backbone: the network.
        spec: its canvas.
        maps: whether its feature maps are wanted; else its embedding.

    Returns:
        None where the network cannot be exported, or onnxruntime does not run it.
    """
    key = _key(backbone, spec, maps=maps)
    known = dict(_known())
    if isinstance(known.get(key), float):
        return float(known[key])
    try:
        found = _measured(backbone, spec, maps=maps)
    except (ExportError, *ORT_ERRORS):
        return None
    newest = list(known.items())[1 - _MOST :]
    with suppress(*_UNREADABLE):
        path = user_cache() / _FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, dict([*newest, (key, found)]))
    return found


def _known() -> Mapping[str, Any]:
    with suppress(*_UNREADABLE):
        return dict(read_json(user_cache() / _FILE))
    return {}


def _key(backbone: Backbone, spec: InputSpec, *, maps: bool) -> str:
    """Return what the time depends on; what the weights are does not matter."""
    shapes = [(name, tuple(tensor.shape)) for name, tensor in backbone.state_dict().items()]
    parts = [backbone.family, backbone.name, shapes, spec.height, spec.width, maps, *map(version, _VERSIONED)]
    parts += [platform.node(), platform.machine(), torch.backends.cpu.get_cpu_capability(), usable_cores()]
    return sha256(repr(parts).encode()).hexdigest()[:32]


def _measured(backbone: Backbone, spec: InputSpec, *, maps: bool) -> float:
    """Return the lowest median of some rounds, since what else the machine does only makes them longer."""
    backbone.eval().requires_grad_(requires_grad=False)
    backbone.to("cpu", torch.float32).to(memory_format=torch.contiguous_format)
    mean_C11, std_C11 = (torch.from_numpy(each).view(3, 1, 1) for each in byte_statistics(spec.mean, spec.std))
    canvas_1HW3 = torch.zeros(1, 3, spec.height, spec.width, dtype=torch.uint8).permute(0, 2, 3, 1)
    with torch.no_grad():
        graph = to_onnx(OfCanvases(backbone, mean_C11, 1 / std_C11, pooled=not maps), canvas_1HW3)
    options = ort.SessionOptions()
    options.log_severity_level = 4  # every error is raised as well
    options.intra_op_num_threads = usable_cores()
    session = ort.InferenceSession(graph.SerializeToString(), options, ["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: np.ascontiguousarray(canvas_1HW3.numpy())}
    for _ in range(_WARMING):
        session.run(None, given)
    return 1000 * min(_round(session, given) for _ in range(_ROUNDS))


def _round(session: ort.InferenceSession, given: Mapping[str, Any]) -> float:
    taken: list[float] = []
    while len(taken) < 3 or (len(taken) < _RUNS and sum(taken) < _ENOUGH):
        began = time.perf_counter()
        session.run(None, given)
        taken.append(time.perf_counter() - began)
    return median(taken)
