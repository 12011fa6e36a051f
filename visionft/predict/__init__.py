"""Images in, classes out, from an exported file: numpy, OpenCV and onnxruntime, nothing else."""

from visionft.predict.predictor import Predictor
from visionft.predict.result import Classification, Prediction, Segmentation

__all__ = ["Classification", "Prediction", "Predictor", "Segmentation"]
