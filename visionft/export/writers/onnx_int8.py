"""ONNX with 8-bit integers between the first and the last layer with weights.

Source: onnxruntime's static quantization, https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from visionft.errors import ExportError
from visionft.export.parity import Limits
from visionft.export.writers.base import Attempt, int8_limits
from visionft.export.writers.reduced_precision import ReducedPrecisionWriter
from visionft.export.writers.weighted_part import (
    between_weights,
    last_weighted,
    layer_title,
    multiplies_activations,
    weighted_nodes,
)
from visionft.models.conversion import quiet
from visionft.predict.runtimes.onnx_runtime import INPUT, ORT_ERRORS
from visionft.spec import ModelSpec
from visionft.tasks.learner import Learner

_TRIED = 8  # canvases by which the layers are ordered
_KEPT = (0.05, 0.1, 0.2, 0.4)  # fractions of the layers that stay in float32, one try after the other
# What may be computed in 8 bits between layers with weights; sums and products of transformers are not among them.
_AROUND = (
    "Add", "AveragePool", "Clip", "Concat", "Flatten", "GlobalAveragePool", "MaxPool", "Mul", "Pad", "Relu", "Reshape",
    "Resize", "Sigmoid", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze",
)  # fmt: skip


class OnnxInt8Writer(ReducedPrecisionWriter):
    """Writes weights of 8 bits, with a scale for each channel, and activations in ranges seen in training images.

    Where the file is not alike enough, the layers that change the answers most stay in float32, a few more each time.
    """

    kind: ClassVar[str] = "onnx-int8"
    suffix: ClassVar[str] = ".onnx"
    variant: ClassVar[str] = "int8"

    def limits(self, task: Learner) -> Limits:
        """Return how far its files may be from the network: half a point of the score, by which they are judged."""
        return int8_limits(task)

    def convert(
        self,
        source: Path,
        spec: ModelSpec,  # noqa: ARG002  # it goes along with the source's metadata
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None,
    ) -> Iterator[Attempt]:
        """Write the file with fewer and fewer layers in 8 bits."""
        return quantized(source, path, calibration)


def quantized(source: Path, path: Path, calibration: Iterable[NDArray[np.uint8]] | None) -> Iterator[Attempt]:
    """Write a float32 file in 8 bits, again and again with more layers in float32.

    Args:
        source: an ONNX file of ours.
        path: where to.
        calibration: canvases_BHW3.

    Yields:
        What was done.

    Raises:
        ExportError: onnxruntime cannot do it, or there are no canvases.
    """
    if calibration is None:
        raise ExportError("8 bits need canvases to choose ranges by, and there are none")
    canvases_NHW3 = np.concatenate(list(calibration))
    quantizer = _Quantizer(source, canvases_NHW3)
    quantizer.write(path, without=())
    yield Attempt(f"{len(quantizer.layers)} layers in 8 bits", source)
    ranked = quantizer.most_sensitive_first()
    for number in sorted({max(1, round(fraction * len(ranked))) for fraction in _KEPT}):
        kept = ranked[:number]
        quantizer.write(path, without=kept)
        named = f"{len(ranked) - len(kept)} layers in 8 bits, {len(kept)} in float32"
        yield Attempt(f"{named}: {', '.join(quantizer.titles[layer] for layer in kept)}", source)


class _Quantizer:
    """onnxruntime's quantization of one file, for which the ranges of activations are found once."""

    def __init__(self, source: Path, canvases_NHW3: NDArray[np.uint8]) -> None:
        self._source = source
        self._model = onnx.load(source)
        self._canvases_NHW3 = canvases_NHW3
        self._metadata = {entry.key: entry.value for entry in self._model.metadata_props}
        self._ranges = source.with_name("ranges.json")
        layers = weighted_nodes(self._model.graph)
        self.layers = [node.name for node in layers]
        self.titles = {node.name: layer_title(self._model.graph, node) for node in layers}
        around = () if multiplies_activations(self._model.graph) else _AROUND
        self._part = {
            node.name: node.op_type
            for node in between_weights(self._model.graph)
            if node.name in self.layers or node.op_type in around
        }

    def write(self, path: Path, *, without: Sequence[str]) -> None:
        """Write the file, with some layers in float32."""
        self._quantize(self._source, path, [name for name in self._part if name not in without])
        written = onnx.load(path)
        onnx.helper.set_model_props(written, self._metadata)
        onnx.save(written, path)

    def most_sensitive_first(self) -> list[str]:
        """Return the layers by how much the last ones change when one alone is in 8 bits.

        They are measured there, before anything is decoded: boxes that are suppressed or not say little.
        """
        model = deepcopy(self._model)
        ends = [node.output[0] for node in last_weighted(model.graph)]
        for name in ends:
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
        full, path = (self._source.with_name(name) for name in ("full.onnx", "one_layer.onnx"))
        onnx.save(model, full)
        expected = self._values(full, ends)
        errors = {}
        for layer in self.layers:
            self._quantize(full, path, [layer])
            pairs = zip(self._values(path, ends), expected, strict=True)
            errors[layer] = max(float(np.square(got - ref).mean() / (ref.var() + 1e-12)) for got, ref in pairs)
        return sorted(errors, key=lambda layer: -errors[layer])

    def _quantize(self, source: Path, path: Path, nodes: Sequence[str]) -> None:
        from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

        try:
            with quiet():
                quantize_static(
                    str(source),
                    str(path),
                    _CalibrationReader(self._canvases_NHW3),
                    quant_format=QuantFormat.QDQ,
                    op_types_to_quantize=sorted(set(self._part.values())),
                    per_channel=True,
                    activation_type=QuantType.QUInt8,  # signed ones are slower than float32 on CPUs
                    weight_type=QuantType.QInt8,
                    nodes_to_quantize=list(nodes),
                    calibrate_method=CalibrationMethod.MinMax,
                    calibration_cache_path=self._ranges,
                )
        except (RuntimeError, ValueError, TypeError, KeyError, *ORT_ERRORS) as error:
            raise ExportError(f"onnxruntime cannot quantize the network: {str(error).partition(chr(10))[0]}") from error

    def _values(self, path: Path, names: Sequence[str]) -> list[NDArray[np.float32]]:
        session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        return list(session.run(list(names), {INPUT: self._canvases_NHW3[:_TRIED]}))


class _CalibrationReader:
    """Canvases, a few at a time, as onnxruntime asks for them."""

    def __init__(self, canvases_NHW3: NDArray[np.uint8]) -> None:
        self._left = iter(np.array_split(canvases_NHW3, max(1, len(canvases_NHW3) // 8)))

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """Return the next inputs; None after the last."""
        batch_BHW3 = next(self._left, None)
        return None if batch_BHW3 is None else {INPUT: batch_BHW3}
