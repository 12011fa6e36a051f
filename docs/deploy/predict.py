"""Predict with an ONNX file that visionft exported, without visionft: python predict.py MODEL.onnx IMAGE...

Needs onnxruntime, OpenCV and numpy. For models whose fit is stretch, crop or pad; JPEGs, PNGs and the like of 8 bits.
"""

import json
import sys

import cv2
import numpy as np
import onnxruntime as ort

ENLARGE = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}


def place(width, height, to):
    """Return (width, height) of the resized image, and (x, y) of its corner on the canvas."""
    across, down = to["width"] / width, to["height"] / height
    if to["fit"] == "stretch":
        return (to["width"], to["height"]), (0, 0)
    scale = max(across, down) / to["crop_pct"] if to["fit"] == "crop" else min(across, down)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if to["fit"] == "crop":
        size = max(size[0], to["width"]), max(size[1], to["height"])
    return size, ((to["width"] - size[0]) // 2, (to["height"] - size[1]) // 2)


def canvas_of(image, to):
    """Fit RGB pixels to the canvas: shrink by averaging areas, enlarge by the model's filter, cut or surround."""
    size, (x, y) = place(image.shape[1], image.shape[0], to)
    shrunk = min(size[0], image.shape[1]), min(size[1], image.shape[0])
    image = cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA)
    image = cv2.resize(image, size, interpolation=ENLARGE[to["interpolation"]])
    canvas = np.empty((to["height"], to["width"], 3), np.uint8)
    canvas[:] = [round(255 * channel) for channel in to["mean"]]
    left, top = max(x, 0), max(y, 0)
    shown = image[top - y : to["height"] - y, left - x : to["width"] - x]
    canvas[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    return canvas


def boxes_in_image(boxes, width, height, to):
    """Bring boxes from the canvas back to the image."""
    size, corner = place(width, height, to)
    moved = (boxes - np.tile(corner, 2)) * np.tile(np.array([width, height]) / size, 2)
    return moved.clip(0, [width, height, width, height])


session = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
spec = json.loads(session.get_modelmeta().custom_metadata_map["visionft.spec"])
names = [output.name for output in session.get_outputs()]
for path in sys.argv[2:]:
    image = cv2.imread(path, cv2.IMREAD_COLOR_RGB)  # turned upright
    height, width = image.shape[:2]
    outputs = session.run(names, {"images": canvas_of(image, spec["input"])[None]})
    found = {name: values[0] for name, values in zip(names, outputs, strict=True)}
    if "boxes" in found:
        least = np.array(spec["thresholds"] or [0.5] * len(spec["class_names"]), np.float32)
        kept = [row for row in range(found["count"]) if found["scores"][row] >= least[found["labels"][row]]]
        boxes = boxes_in_image(found["boxes"][kept], width, height, spec["input"])
        labels = [spec["class_names"][label] for label in found["labels"][kept]]
        said = [
            {"label": label, "score": float(score), "box": box.tolist()}
            for label, score, box in zip(labels, found["scores"][kept], boxes, strict=True)
        ]
    elif "labels" in found:  # of every pixel of the canvas
        counts = np.bincount(found["labels"].ravel(), minlength=len(spec["class_names"]))
        said = dict(zip(spec["class_names"], (counts / counts.sum()).tolist(), strict=True))
    else:
        said = dict(zip(spec["class_names"], found[names[0]].tolist(), strict=True))
    print(json.dumps({"image": path, "result": said}))
