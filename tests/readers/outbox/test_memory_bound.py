"""How much memory a reader may use, by what the host or the container has."""

from __future__ import annotations

from pathlib import Path

import pytest

from readers.outbox.memory_bound import (
    MEMORY_MAX_BYTES,
    MEMORY_MIN_BYTES,
    SHARE_OF_HOST,
    host_memory,
    memory_bound,
)

MIB = 1024 * 1024


def write(root: Path, **files: str) -> None:
    """Write *files* of the kernel below *root*; "__" in a name stands for "/"."""
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a host with 1 GiB."""
    root = tmp_path / "root"
    write(root, proc__meminfo="MemTotal:        1048576 kB\nMemFree:   22184996 kB\n")
    return root


def test_without_limits_the_memory_is_the_hosts(root: Path) -> None:
    """MemTotal of proc(5)."""
    assert host_memory(root) == 1024 * MIB


def test_a_container_has_what_its_control_group_leaves_it(root: Path) -> None:
    """Version 2; its own group is at the top."""
    write(root, proc__self__cgroup="0::/\n", sys__fs__cgroup__memory_max=f"{128 * MIB}\n")
    assert host_memory(root) == 128 * MIB


def test_a_limit_of_a_group_above_counts_too(root: Path) -> None:
    """For example that of a systemd slice."""
    write(
        root,
        proc__self__cgroup="0::/a/b/c\n",
        sys__fs__cgroup__a__memory_max=f"{512 * MIB}",
        sys__fs__cgroup__a__b__memory_max=f"{256 * MIB}",
        sys__fs__cgroup__a__b__c__memory_max="max\n",
    )
    assert host_memory(root) == 256 * MIB


def test_the_name_of_a_group_may_have_a_colon(root: Path) -> None:
    """The fields before it have none."""
    write(
        root, proc__self__cgroup="0::/a:b:c\n", **{"sys__fs__cgroup__a:b:c__memory_max": f"{MIB}"}
    )
    assert host_memory(root) == MIB


def test_version_1_of_control_groups(root: Path) -> None:
    """Without a limit, the file has a number near 2**63."""
    folder = root / "sys/fs/cgroup/memory/docker"
    folder.mkdir(parents=True)
    write(root, proc__self__cgroup="3:cpu,cpuacct:/docker\n2:memory:/docker\n")
    (folder / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert host_memory(root) == 1024 * MIB
    (folder / "memory.limit_in_bytes").write_text(f"{64 * MIB}\n")
    assert host_memory(root) == 64 * MIB


def test_readers_share_a_part_of_the_host(root: Path, tmp_path: Path) -> None:
    """Equally, one share for each outbox. What lies beside an outbox is none."""
    for number in range(32):
        (tmp_path / f"{number}.db").touch()
        (tmp_path / f"{number}.db-wal").touch()
    assert memory_bound(tmp_path, root) == 1024 * MIB * SHARE_OF_HOST / 32


def test_the_bound_has_a_maximum_and_a_minimum(root: Path, tmp_path: Path) -> None:
    """A reader alone does not take a quarter of the host, and a batch always has room."""
    assert memory_bound(tmp_path, root) == MEMORY_MAX_BYTES
    for number in range(2000):
        (tmp_path / f"{number}.db").touch()
    assert memory_bound(tmp_path, root) == MEMORY_MIN_BYTES


def test_this_hosts_memory_is_known() -> None:
    """The real files of this machine."""
    assert 64 * MIB < host_memory() < 2**50


def test_without_proc_the_maximum_counts(tmp_path: Path) -> None:
    """For example in a sandbox."""
    assert memory_bound(tmp_path, tmp_path) == MEMORY_MAX_BYTES
