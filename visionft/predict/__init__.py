"""Images in, predictions out, from an exported file: numpy, OpenCV and onnxruntime, nothing else."""

from visionft.predict.predictor import Predictor

__all__ = ["Predictor"]
