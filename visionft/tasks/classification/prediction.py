"""What a prediction of one class says.

Shape suffixes: K classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError
from visionft.tasks.exchange import class_ids, supervision


@dataclass(frozen=True, slots=True)
class Classification:
    """The class of one image.

    Attributes:
        label: name of the most probable class.
        index: its place in the model's class names.
        confidence: its probability, in [0, 1].
        probabilities: class name -> probability, in the model's class order.
    """

    endings: ClassVar[tuple[str, ...]] = ()

    label: str
    index: int
    confidence: float
    probabilities: Mapping[str, float]

    @classmethod
    def of(cls, probabilities_K: NDArray[np.float32], class_names: Sequence[str]) -> "Classification":
        """Read one row of probabilities; the first of equal classes wins."""
        named = dict(zip(class_names, probabilities_K.tolist(), strict=True))
        index = int(probabilities_K.argmax())
        return cls(class_names[index], index, named[class_names[index]], named)

    def __str__(self) -> str:
        return f"{self.label}  {self.confidence:.4f}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "label": self.label,
            "index": self.index,
            "confidence": self.confidence,
            "probabilities": dict(self.probabilities),
        }

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """Return ``probabilities``, K float32 in the model's class order."""
        return {"probabilities": np.array(list(self.probabilities.values()), np.float32)}

    def to_supervision(self) -> Any:
        """Return ``supervision.Classifications`` of all classes, by falling probability.

        Raises:
            MissingExtra: when supervision is not installed.
        """
        probabilities_K = self.to_numpy()["probabilities"]
        order_K = np.argsort(-probabilities_K, kind="stable")
        return supervision().Classifications(class_id=order_K, confidence=probabilities_K[order_K])

    @classmethod
    def from_supervision(cls, classifications: Any, class_names: Sequence[str]) -> "Classification":
        """Read ``supervision.Classifications``.

        Args:
            classifications: with a confidence for each class; those it leaves out have 0.
            class_names: text for class 0, 1, ...

        Raises:
            DataError: when it has no confidence, or a class that is none.
        """
        if classifications.confidence is None or not len(classifications):
            raise DataError("supervision: its classifications have no confidence; give each class its probability")
        probabilities_K = np.zeros(len(class_names), np.float32)
        probabilities_K[class_ids(classifications, class_names)] = classifications.confidence
        return cls.of(probabilities_K, class_names)
