"""Exported files, each measured against its network before it gets its name.

Writers by the name of their runtime: a new one is a file with a ``Writer`` (see ``writers/base.py``) and an entry here.
What opens its files has an entry in ``visionft.predict.engine``.
"""

from visionft.catalog import Catalog

WRITERS = Catalog(
    "runtime",
    {
        "aoti": "visionft.export.writers.torch_program:AotiWriter",
        "executorch": "visionft.export.writers.isolated:ExecutorchWriter",
        "litert": "visionft.export.writers.isolated:LitertWriter",
        "mnn": "visionft.export.writers.mnn:MnnWriter",
        "onnx": "visionft.export.writers.onnx:OnnxWriter",
        "onnx-fp16": "visionft.export.writers.onnx_fp16:OnnxFp16Writer",
        "onnx-int8": "visionft.export.writers.onnx_int8:OnnxInt8Writer",
        "openvino": "visionft.export.writers.openvino:OpenVinoWriter",
        "openvino-fp16": "visionft.export.writers.openvino:OpenVinoFp16Writer",
        "openvino-int8": "visionft.export.writers.openvino:OpenVinoInt8Writer",
        "torch-export": "visionft.export.writers.torch_program:TorchExportWriter",
        "web": "visionft.export.writers.web:WebWriter",
    },
    "visionft.runtimes",
)

__all__ = ["WRITERS"]
