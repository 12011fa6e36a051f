"""Images in, classes, masks or boxes out, from an exported file: numpy, OpenCV and onnxruntime, nothing else."""

from visionft.predict.predictor import Predictor
from visionft.predict.result import Classification, Detection, Prediction, Segmentation

__all__ = ["Classification", "Detection", "Prediction", "Predictor", "Segmentation"]
