"""Items of a file that cannot be used: counted by what is wrong with them."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from visionft.data.naming import some
from visionft.data.records import Problem


class LeftOut:
    """What is left out of a file.

    Args:
        noun: what the items are, in the plural.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._found: dict[str, list[str]] = defaultdict(list)

    def add(self, what: str, example: str) -> None:
        """Note an item; all with the same fault are told in one line."""
        self._found[what].append(example)

    def told(self, path: Path) -> Iterator[Problem]:
        """Yield a problem for each kind of fault."""
        for what, examples in self._found.items():
            yield Problem(str(path), f"{self._noun} {what}; left out: {len(examples)} ({some(examples, 3)})")
