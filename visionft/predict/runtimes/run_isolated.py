"""Runs a model in any Python that has its runtime; of visionft it needs nothing but numpy.

    python run_isolated.py RUNTIME MODEL THREADS OUTPUT,OUTPUT,...

Each batch comes as a line with the shape, then its bytes. Each output goes as a line with type and shape, then its
bytes.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray


def load_executorch(path: str, threads: int, names: list[str]) -> Callable[[NDArray[np.uint8]], Sequence[NDArray[Any]]]:
    """Return a function of canvases_BHW3 that gives the outputs."""
    import torch
    from executorch.runtime import Runtime

    del threads, names  # its pool has as many as there are cores, and Python cannot set them
    method = Runtime.get().load_program(path).load_method("forward")
    if method is None:
        raise RuntimeError("it has no method forward")
    return lambda images_BHW3: [values.numpy() for values in method.execute([torch.from_numpy(images_BHW3)])]


def load_litert(path: str, threads: int, names: list[str]) -> Callable[[NDArray[np.uint8]], Sequence[NDArray[Any]]]:
    """Return a function of canvases_BHW3 that gives the outputs, image by image: shapes of such files are fixed."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=threads or None)
    runner = interpreter.get_signature_runner()
    (source,) = runner.get_input_details()

    def run(images_BHW3: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        rows = [runner(**{source: image_HW3[None]}) for image_HW3 in images_BHW3]
        keys = sorted(rows[0], key=lambda key: int(key.rpartition("_")[2]))  # output_0, output_1, ...
        return [np.concatenate([row[key] for row in rows]) for key in keys[: len(names)]]

    return run


def load_mnn(path: str, threads: int, names: list[str]) -> Callable[[NDArray[np.uint8]], Sequence[NDArray[Any]]]:
    """Return a function of canvases_BHW3 that gives the outputs in float32."""
    import MNN.expr
    import MNN.nn

    # what MNN calls normal is half precision where a CPU has it
    options = {"backend": "CPU", "precision": "high", "numThread": threads or len(os.sched_getaffinity(0))}
    manager = MNN.nn.create_runtime_manager((options,))
    module = MNN.nn.load_module_from_file(path, ["images"], names, runtime_manager=manager)

    def run(images_BHW3: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        images = MNN.expr.const(images_BHW3, list(images_BHW3.shape), MNN.expr.NCHW, MNN.expr.uint8)
        outputs = module.forward([images])
        if len(outputs) != len(names):
            raise RuntimeError("an operation fails")
        return [np.array(values.read()) for values in outputs]

    run.manager = manager  # type: ignore[attr-defined]  # the module runs on it, and nothing else keeps it
    return run


LOADERS = {"executorch": load_executorch, "litert": load_litert, "mnn": load_mnn}


def main(runtime: str, path: str, threads: str, outputs: str) -> None:
    """Answer batches until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer, in C or in Python
    sys.stdout = sys.stderr
    names = outputs.split(",")
    run = LOADERS[runtime](path, int(threads), names)
    answers.write(b"ready\n")
    answers.flush()
    while line := sys.stdin.buffer.readline():
        shape = tuple(map(int, line.split()))
        images_BHW3 = np.frombuffer(sys.stdin.buffer.read(int(np.prod(shape))), np.uint8).reshape(shape).copy()
        for values in run(images_BHW3)[: len(names)]:
            _send(answers, np.ascontiguousarray(values))
        answers.flush()


def _send(answers: BinaryIO, values: NDArray[Any]) -> None:
    answers.write(" ".join([values.dtype.str, *map(str, values.shape)]).encode() + b"\n")
    answers.write(values.tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
