"""What a prediction of one class says.

Shape suffixes: K classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray


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
