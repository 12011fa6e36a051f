"""Cores that may be used, as affinity and control groups of both kinds allow them."""

import os

import pytest

from visionft import cores
from visionft.cores import is_limited, usable_cores

EIGHT = set(range(8))


@pytest.fixture
def grouped(tmp_path, monkeypatch):
    """Return a function that counts the cores of a process with eight, given its groups and the files of the tree."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: EIGHT, raising=False)

    def count(membership, files):
        (tmp_path / "cgroup").write_text(membership)
        for name, text in files.items():
            file = tmp_path / "fs" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n")
        return usable_cores(tmp_path / "cgroup", tmp_path / "fs")

    return count


V1 = "5:cpuset:/\n2:cpu,cpuacct:/docker/abc\n1:memory:/x\n"


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("", {}, 8),  # no control groups
        ("0::/\n", {"cpu.max": "200000 100000"}, 2),  # a container sees its own group as the root
        ("0::/\n", {"cpu.max": "max 100000"}, 8),
        ("0::/\n", {"cpu.max": "150000 100000"}, 2),  # a part of a core counts as one
        ("0::/\n", {"cpu.max": "20000 100000"}, 1),
        ("0::/\n", {"cpu.max": "6400000 100000"}, 8),  # more than affinity allows
        ("0::/a/b\n", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "max 100000"}, 3),  # the group above
        ("0::/a/b\n", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "50000 50000"}, 1),
        ("0::/host/only\n", {"cpu.max": "400000 100000"}, 4),  # the path is the host's
        ("0::/\n", {"cpu.max": "nonsense"}, 8),
        ("0::/\n", {"cpu.max": "100000 0"}, 8),
        (V1, {"cpu,cpuacct/cpu.cfs_quota_us": "300000", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, 3),
        (V1, {"cpu/docker/abc/cpu.cfs_quota_us": "50000", "cpu/docker/abc/cpu.cfs_period_us": "50000"}, 1),
        (V1, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        (V1, {"cpu/cpu.cfs_quota_us": "100000"}, 8),  # without a period it says nothing
        (V1, {"memory/cpu.cfs_quota_us": "100000", "memory/cpu.cfs_period_us": "100000"}, 8),
    ],
)
def test_limits(grouped, membership, files, expected):
    assert grouped(membership, files) == expected


def test_affinity(grouped, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 6}, raising=False)
    assert grouped("0::/\n", {"cpu.max": "max 100000"}) == 3
    assert grouped("0::/\n", {"cpu.max": "200000 100000"}) == 2


def test_systems_without_affinity(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cores(tmp_path / "none", tmp_path) == 6


@pytest.mark.parametrize(("usable", "limited"), [(8, False), (3, True)])
def test_is_limited(monkeypatch, usable, limited):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(cores, "usable_cores", lambda: usable)
    assert is_limited() is limited
