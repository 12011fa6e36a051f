"""What a prediction of numbers says.

Shape suffixes: V values of an image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.data.units import split_unit, write_value


@dataclass(frozen=True, slots=True)
class Regression:
    """The values of one image.

    Attributes:
        values: name -> number, in its unit, in the model's order.
        units: name -> unit; empty where nobody said.
    """

    endings: ClassVar[tuple[str, ...]] = ()

    values: Mapping[str, float]
    units: Mapping[str, str]

    @classmethod
    def of(cls, values_V: NDArray[np.float32], names: Sequence[str]) -> "Regression":
        """Read one row of values, given their names with units, such as ``weight [g]``."""
        parts = [split_unit(name) for name in names]
        named = {name: value for (name, _), value in zip(parts, values_V.tolist(), strict=True)}
        return cls(named, dict(parts))

    def __str__(self) -> str:
        return "  ".join(f"{name} {write_value(value, self.units[name])}" for name, value in self.values.items())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {"values": dict(self.values), "units": dict(self.units)}

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """Return ``values``, V float32 in the model's order and their units."""
        return {"values": np.array(list(self.values.values()), np.float32)}
