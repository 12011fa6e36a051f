"""What a model is: its task, input, classes and origin. Travels from checkpoint to export to predictor."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from visionft.errors import CheckpointError

Fit = Literal["stretch", "crop", "pad", "tile"]
Interpolation = Literal["bilinear", "bicubic"]

Decode = Literal["full", "reduced"]
Alpha = Literal["composite", "ignore"]

FORMAT = 1

DETECTIONS = 100
"""Objects that are found on a canvas where nobody asks for another number."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the values of image files become 8-bit colours; ``imaging.decode`` does it.

    Attributes:
        range: the values of files with more than 8 bits that become black and white, what lies beyond is cut off; None
            is the full scale of 16 bits.
        alpha: ``composite`` puts what is transparent in front of white; ``ignore`` drops the fourth channel, which is
            then no transparency.
    """

    range: tuple[float, float] | None = None
    alpha: Alpha = "composite"


FULL_SCALE = Reading()
"""How files are read of which nothing is said."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How an image file becomes the network's input.

    Attributes:
        height: canvas height in pixels.
        width: canvas width in pixels.
        fit: ``stretch`` ignores the aspect ratio; ``crop`` keeps it and cuts the centre; ``pad`` keeps it and
            fills the border with the mean colour; ``tile`` takes windows of the image at its own resolution.
        crop_pct: fraction of the resized image that ``crop`` keeps, in (0, 1]; ignored by the other fits.
        interpolation: filter for enlarging; shrinking always averages areas, which does not alias.
        mean: per channel (RGB), of values scaled to 0..1.
        std: per channel (RGB), of values scaled to 0..1.
        overlap: least fraction of its side that a window has in common with the next, in [0, 1); ``tile`` only.
        reading: how the values of files become 8-bit colours.
        decode: ``reduced`` decodes JPEG files no larger than the canvas needs, see ``imaging.reduced``; files that do
            not say are decoded in full.
    """

    height: int
    width: int
    fit: Fit = "crop"
    crop_pct: float = 1.0
    interpolation: Interpolation = "bicubic"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    overlap: float = 0.25
    reading: Reading = FULL_SCALE
    decode: Decode = "full"

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "InputSpec":
        """Return what ``asdict`` made plain values of, that JSON may have held.

        Raises:
            KeyError: when something is missing; TypeError, ValueError: when it is something else.
        """
        shape = {**given, "mean": tuple(given["mean"]), "std": tuple(given["std"])}
        return cls(**shape | {"reading": _reading(given.get("reading"))})


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Everything a stranger needs to run the model.

    Attributes:
        task: the task's kind, such as ``classification``.
        class_names: text for label 0, 1, ...
        input: how a file becomes the canvas.
        provenance: where the model comes from: recipe hash, backbone, weights and their licence, metrics.
        palette: colour (RGB, 0..255) of each class where the data have their own; else empty.
        thresholds: for each class the confidence from which on it is believed, chosen on the validation images, where
            the task has any; else empty.
        max_detections: most objects of a canvas, where the task finds objects; files that do
            not say have ``DETECTIONS``.
    """

    task: str
    class_names: tuple[str, ...]
    input: InputSpec
    provenance: Mapping[str, Any] = field(default_factory=dict)
    palette: tuple[tuple[int, int, int], ...] = ()
    thresholds: tuple[float, ...] = ()
    max_detections: int = DETECTIONS

    def to_json(self) -> str:
        """Serialise to one line of JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ModelSpec":
        """Read what ``to_json`` wrote.

        Raises:
            CheckpointError: when the text is not a spec of this format.
        """
        try:
            data = json.loads(text)
            if data.pop("format") != FORMAT:
                raise CheckpointError("model spec: written by another version of visionft; export it again")
            section = InputSpec.from_dict(data.pop("input"))
            data["class_names"] = tuple(data["class_names"])
            data["palette"] = tuple((red, green, blue) for red, green, blue in data.get("palette", ()))
            data["thresholds"] = tuple(data.get("thresholds", ()))
            return cls(input=section, **data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"model spec: not readable ({error}); export the model again") from error


def _reading(section: Mapping[str, Any] | None) -> Reading:
    """Return how values are read, given what a spec says; specs of before say nothing."""
    if section is None:
        return FULL_SCALE
    values = section["range"]
    return Reading(None if values is None else (float(values[0]), float(values[1])), section["alpha"])
