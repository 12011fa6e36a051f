"""Where the real data sets are, for the tests that use them."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("VISIONFT_DATA", ROOT.parent / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="VISIONFT_DATA names no folder with the real data sets")
