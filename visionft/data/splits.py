"""The parts of a data set. Importing this is cheap: the terminal's options name them."""

from typing import Literal, get_args

Split = Literal["train", "val", "test"]
Part = Literal[Split, "all"]
SPLITS: tuple[Split, ...] = get_args(Split)
