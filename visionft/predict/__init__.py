"""Images in, classes, masks or objects out, from an exported file: numpy, OpenCV and onnxruntime, nothing else."""

from visionft.predict.predictor import Predictor
from visionft.predict.result import Classification, Detection, Instances, Prediction, Segmentation

__all__ = ["Classification", "Detection", "Instances", "Prediction", "Predictor", "Segmentation"]
