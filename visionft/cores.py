"""How many CPU cores this process may use: what its affinity and its container allow, not what the machine has."""

import os
from collections.abc import Iterator
from math import ceil
from pathlib import Path, PurePosixPath

_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def usable_cores(membership: Path = _MEMBERSHIP, cgroups: Path = _CGROUPS) -> int:
    """Return the number of cores that this process may use, at least 1.

    Args:
        membership: which control groups the process belongs to, as Linux tells it.
        cgroups: where they are mounted.
    """
    has_affinity = hasattr(os, "sched_getaffinity")  # Linux
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return max(1, min([cores, *map(ceil, _quotas(membership, cgroups))]))


def is_limited() -> bool:
    """Say whether this process may use fewer cores than the machine has."""
    return usable_cores() < (os.cpu_count() or 1)


def _quotas(membership: Path, cgroups: Path) -> Iterator[float]:
    """Yield every limit on the process's CPU time, in cores: its own control group's, and those of the groups above.

    In a container the path of its group may be the host's, under which nothing is found; the container's own limit
    then stands where the groups are mounted.

    Source: Linux, Documentation/admin-guide/cgroup-v2.rst (``cpu.max``) and scheduler/sched-bwc.rst (``cpu.cfs_*``).
    """
    for line in _text(membership).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounts = (cgroups / controllers, cgroups / "cpu") if controllers else (cgroups, cgroups / "unified")
        inside = PurePosixPath(path).relative_to("/") if path.startswith("/") else PurePosixPath()
        for mount in mounts:
            for group in (inside, *inside.parents):
                yield from _quota(mount / group)


def _quota(group: Path) -> Iterator[float]:
    """Yield the limit of a control group in cores, where it has one."""
    both = _text(group / "cpu.max").split()
    if len(both) != 2:
        both = [_text(group / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")]
    quota, period = both
    if quota.isdecimal() and period.isdecimal() and int(period) > 0:  # no limit is "max" or -1
        yield int(quota) / int(period)


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace")
    except OSError:
        return ""
