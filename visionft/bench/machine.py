"""What a measurement ran on."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from visionft.cores import usable_cores

_LIBRARIES = (
    "visionft",
    "visionft-runtime",
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "openvino",
    "ncnn",
    "MNN",
    "torch",
)


def machine() -> dict[str, Any]:
    """Return hardware, system and the versions of the libraries that run exported files."""
    return {
        "processor": _processor(),
        "cores": usable_cores(),
        "memory_bytes": _memory(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": {name: version for name in _LIBRARIES if (version := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> int | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
