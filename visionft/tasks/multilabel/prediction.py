"""What a prediction of any number of labels says.

Shape suffixes: K classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.tasks.exchange import supervision


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one image.

    Attributes:
        labels: names of the classes whose probability reaches their threshold, the most probable first; may be empty.
        probabilities: class name -> probability of its label, in [0, 1], in the model's class order.
    """

    endings: ClassVar[tuple[str, ...]] = ()

    labels: tuple[str, ...]
    probabilities: Mapping[str, float]

    @classmethod
    def of(
        cls, probabilities_K: NDArray[np.float32], class_names: Sequence[str], thresholds_K: Sequence[float]
    ) -> "Labels":
        """Read one row of probabilities.

        Args:
            probabilities_K: of each label.
            class_names: in the same order.
            thresholds_K: from which probability on each label is believed; compared in float32.
        """
        reached = np.flatnonzero(probabilities_K >= np.asarray(thresholds_K, np.float32))
        order = reached[np.argsort(-probabilities_K[reached], kind="stable")]
        named = dict(zip(class_names, probabilities_K.tolist(), strict=True))
        return cls(tuple(class_names[index] for index in order), named)

    def __str__(self) -> str:
        return ", ".join(f"{label} {self.probabilities[label]:.4f}" for label in self.labels) or "no label"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {"labels": list(self.labels), "probabilities": dict(self.probabilities)}

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """Return ``probabilities``, K float32, and ``labels``, K bool, which of them are believed, in class order."""
        return {
            "probabilities": np.array(list(self.probabilities.values()), np.float32),
            "labels": np.array([name in self.labels for name in self.probabilities]),
        }

    def to_supervision(self) -> Any:
        """Return ``supervision.Classifications`` of the labels that are believed, by falling probability.

        Raises:
            MissingExtra: when supervision is not installed.
        """
        names = list(self.probabilities)
        return supervision().Classifications(
            class_id=np.array([names.index(label) for label in self.labels], np.int64),
            confidence=np.array([self.probabilities[label] for label in self.labels], np.float32),
        )
