"""How fast exported files are, how much memory they take, and how good they are: needs what the predictor needs."""

from visionft.bench.measure import bench
from visionft.bench.result import BenchResult, BenchRow

__all__ = ["BenchResult", "BenchRow", "bench"]
