"""STATE_DIR: whether it can be written to, how much room it has, and on what kind of disk it is."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from twitch_ingestion.check.findings import Finding, ok, warning, wrong
from twitch_ingestion.check.host import Host

_GIB = 1024**3
#: Files of an outbox: the database, and two that SQLite adds while it is open.
_FILES_PER_CHANNEL = 3
_MOUNTS = Path("/proc/self/mountinfo")
_IN_MEMORY = {"tmpfs", "ramfs"}
#: SQLite's locks and its shared memory do not work on these, or not always.
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "fuse.sshfs"}


def check_disk(host: Host) -> Iterator[Finding]:
    """Yield what is found about STATE_DIR."""
    state = host.settings.state_dir
    folder = _existing(state)
    # The outboxes may be on another disk.
    for place in dict.fromkeys((folder, _existing(state / "outbox"))):
        if problem := _why_not_a_folder(place) or _why_not_writable(place):
            yield wrong(f"STATE_DIR holds {state}, but {problem}")
            return
    yield from _foreign_outboxes(state / "outbox")
    yield from _kind(folder)
    yield from _room(host, folder)


def _existing(path: Path) -> Path:
    """Return *path*, or the nearest folder above it that exists, in which it would be created."""
    path = path.absolute()
    while not os.path.lexists(path):
        path = path.parent
    return path


def _why_not_a_folder(path: Path) -> str:
    if path.is_dir():
        return ""
    if path.is_symlink() and not path.exists():
        return f"{path} is a link to {path.readlink()}, which does not exist: create that folder"
    return f"{path} is not a folder: move it away"


def _why_not_writable(folder: Path) -> str:
    """Return why no outbox can be written in *folder*; empty if one can."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".check-") as place:
            connection = sqlite3.connect(Path(place) / "outbox.db")
            with closing(connection), connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("CREATE TABLE written (number)")
    except PermissionError:
        return (
            f"this user (id {os.geteuid()}) may not write to {folder}, which belongs to user"
            f" {folder.stat().st_uid}: run this as that user, or give it the folder with `chown`"
        )
    except OSError as error:
        return f"{folder} cannot be written to ({error.strerror}): free some space, or move it"
    except sqlite3.Error as error:
        return f"SQLite cannot write to {folder} ({error}): free some space, or use another disk"
    return ""


def _foreign_outboxes(folder: Path) -> Iterator[Finding]:
    """Yield the outboxes that this user cannot use, such as those that root has written."""
    foreign = [path for path in folder.glob("*.db*") if not os.access(path, os.R_OK | os.W_OK)]
    if foreign:
        yield wrong(
            f"this user (id {os.geteuid()}) may not write {len(foreign)} files in {folder}, such as"
            f" {foreign[0].name}: give them to the service's user with `chown --recursive`"
        )


def _kind(folder: Path) -> Iterator[Finding]:
    kind = _file_system(folder)
    if kind in _IN_MEMORY:
        yield warning(
            f"STATE_DIR is in memory ({kind}): what Kafka has not confirmed is lost with it; set"
            " STATE_DIR to a folder on a disk"
        )
    elif kind in _NETWORK:
        yield warning(
            f"STATE_DIR is on a network file system ({kind}), where SQLite's locks may fail and"
            " outboxes be damaged: set STATE_DIR to a folder on a local disk"
        )


def _file_system(folder: Path) -> str:
    """Return the type of the file system that *folder* is on, "" if that is not known."""
    try:
        lines = _MOUNTS.read_text().splitlines()
        device = os.stat(folder).st_dev
    except OSError:
        return ""
    number = f"{os.major(device)}:{os.minor(device)}"
    kinds = [
        fields[fields.index("-") + 1] for line in lines if (fields := line.split())[2] == number
    ]
    return kinds[-1] if kinds else ""


def _room(host: Host, folder: Path) -> Iterator[Finding]:
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    channels, limit = len(host.channels), host.settings.outbox_max_bytes
    wanted = channels * limit - _used(host.settings.state_dir / "outbox")
    figures = f"{free / _GIB:.1f} GiB are free on the disk of STATE_DIR ({host.settings.state_dir})"
    if not host.runs_readers:
        yield ok(figures)
    elif free < wanted:
        yield warning(
            f"{figures}, but the outboxes of {channels} channels may take {wanted / _GIB:.1f} GiB"
            " more in a long outage of Kafka: set OUTBOX_MAX_BYTES to at most"
            f" {max(0, (channels * limit - wanted + free) // max(1, channels))}, or use a larger"
            " disk"
        )
    else:
        yield ok(f"{figures}; outboxes may take {max(0, wanted) / _GIB:.1f} GiB more")
    # Some file systems have no fixed number, and say 0.
    if status.f_files and status.f_favail < channels * _FILES_PER_CHANNEL:
        yield warning(
            f"the disk of STATE_DIR has {status.f_favail} inodes left, and {channels} channels need"
            f" {channels * _FILES_PER_CHANNEL}: remove files there"
        )


def _used(folder: Path) -> int:
    used = 0
    for path in folder.glob("*"):
        with suppress(OSError):  # SQLite removes files meanwhile
            used += path.stat().st_size
    return used
