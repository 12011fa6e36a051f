"""What computes an exported graph: onnxruntime, which is always there, or OpenVINO, which need not be.

Both are told to compute in fp32, and to leave the cores alone while they have nothing to do: images are decoded beside.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Literal, get_args

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from visionft.errors import ExportError, RecipeError
from visionft.predict.runtimes.onnx_runtime import ORT_ERRORS
from visionft.recipe import Recipe

PrefixEngine = Literal["onnxruntime", "openvino"]

Compute = Callable[[NDArray[Any]], list[NDArray[Any]]]


def installed() -> tuple[PrefixEngine, ...]:
    """Return the engines that are installed."""
    return tuple(name for name in get_args(PrefixEngine) if find_spec(name) is not None)


def require_engine(recipe: Recipe) -> None:
    """Check that the engine that a recipe names is there, before anything is computed.

    Raises:
        RecipeError: it is not installed.
    """
    asked = recipe.runtime.frozen
    if asked in get_args(PrefixEngine) and asked not in installed():
        raise RecipeError(f"runtime.frozen: {_missing(asked)}; or take auto, which uses what is installed")


def load(engine: PrefixEngine, graph: bytes, threads: int) -> Compute:
    """Return what computes a graph.

    Args:
        engine: by which.
        graph: in ONNX, of one input.
        threads: that compute.

    Returns:
        A function of the input, which returns all outputs and raises ``ExportError`` where the engine fails.

    Raises:
        ExportError: the engine does not take it, or is not installed; the message is the reason.
    """
    if engine not in installed():
        raise ExportError(_missing(engine))
    return _by_onnxruntime(graph, threads) if engine == "onnxruntime" else _by_openvino(graph, threads)


def _by_onnxruntime(graph: bytes, threads: int) -> Compute:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # every error is raised as well; standard error belongs to the user
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(graph, options, ["CPUExecutionProvider"])
    except ORT_ERRORS as error:
        raise ExportError(f"onnxruntime cannot load it ({_first_line(error)})") from error
    (name,) = (each.name for each in session.get_inputs())

    def compute(images: NDArray[Any]) -> list[NDArray[Any]]:
        try:
            return list(session.run(None, {name: images}))
        except ORT_ERRORS as error:
            raise ExportError(f"onnxruntime fails ({_first_line(error)})") from error

    return compute


def _by_openvino(graph: bytes, threads: int) -> Compute:
    import openvino

    from visionft.predict.runtimes.openvino_runtime import compiled as compile_apart

    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # by itself it takes bf16 where the CPU has that
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    try:
        core = openvino.Core()
        compiled = compile_apart(core, core.read_model(graph, b""), "CPU", settings)
    except RuntimeError as error:
        raise ExportError(f"OpenVINO cannot load it ({_first_line(error)})") from error

    def compute(images: NDArray[Any]) -> list[NDArray[Any]]:
        try:
            found = compiled([images])
        except RuntimeError as error:
            raise ExportError(f"OpenVINO fails ({_first_line(error)})") from error
        return [np.asarray(found[number]) for number in range(len(compiled.outputs))]

    return compute


def _missing(engine: str) -> str:
    return f"{engine} is not installed: pip install 'visionft[{engine}]'"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
