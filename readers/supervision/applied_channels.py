"""
The channels that supervisord has readers for, kept in a file of its folder.

channels.conf says which channels are wanted; this file, which of them have been applied. So a
mistake in channels.conf does not stop a reader that is known from here, not even at the next start
of supervisord.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from common.file_lock import file_lock
from common.files import replace_file
from common.program_names import READER_PREFIX
from readers.supervision.channel_names import ChannelList, channel_name, read_channel_names
from readers.supervision.channels_file import ChannelsFileError, read_channels_file

#: In the folder of supervisord.conf.
APPLIED_CHANNELS = Path("var/channels.applied")

#: An earlier version had a file for each reader in here, with this name.
_EARLIER_FOLDER = Path("var/readers")
_EARLIER_FILES = f"{READER_PREFIX}*.conf"

#: A later version may have more in a line than a channel.
_VERSION = 1
#: Who applies channels holds this.
_LOCK = Path("var/channels.lock")

_HEADER = (
    f"# Version {_VERSION}: the channels with a reader in supervisord. Edits are overwritten.\n"
)
_VERSION_LINE = re.compile(r"# Version (\d+):")


def read_applied_channels(folder: Path) -> ChannelList:
    """
    Return the channels that were applied in *folder*, with a problem for each damaged line.

    Raises ChannelsFileError, also for a file of a newer release, or NoChannelsFileError if none
    were applied yet.
    """
    path = folder / APPLIED_CHANNELS
    text = read_channels_file(path)
    if not text.strip():
        raise ChannelsFileError(f"{path} is empty")
    if (version := _VERSION_LINE.match(text)) and int(version[1]) > _VERSION:
        raise ChannelsFileError(
            f"{path} was written by a newer release (its version is {version[1]}, this release"
            f" supports {_VERSION})"
        )
    found = read_channel_names(text)
    return ChannelList(found.channels, tuple(f"{path}, {problem}" for problem in found.problems))


def write_applied_channels(folder: Path, channels: Iterable[str]) -> None:
    """Write that *channels* are applied in *folder*. Raises OSError when it cannot be written."""
    path = folder / APPLIED_CHANNELS
    path.parent.mkdir(exist_ok=True)
    lines = "".join(f"{channel}\n" for channel in sorted(channels))
    replace_file(path, (_HEADER + lines).encode())


@contextmanager
def applying(folder: Path, *, within_s: float, on_wait: Callable[[], object]) -> Iterator[None]:
    """
    Let nobody else apply channels in *folder* meanwhile: two would undo each other's work.

    If somebody does, calls *on_wait* and waits. Raises TimeoutError after *within_s* seconds, and
    OSError when the disk does not allow it.
    """
    path = folder / _LOCK
    path.parent.mkdir(exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(path, within_s=0))
        except TimeoutError:
            on_wait()
            stack.enter_context(file_lock(path, within_s=within_s))
        yield


def channels_of_earlier_version(folder: Path) -> tuple[str, ...]:
    """Return the channels for which an earlier version has left files in *folder*."""
    channels = []
    for path in _earlier_files(folder):
        with suppress(ValueError):
            channels.append(channel_name(path.stem.removeprefix(READER_PREFIX)))
    return tuple(channels)


def remove_files_of_earlier_version(folder: Path) -> None:
    """Remove the readers' files that an earlier version has left in *folder*. Raises OSError."""
    for path in _earlier_files(folder):
        path.unlink()
    with suppress(OSError):  # it has other files, or is not there
        (folder / _EARLIER_FOLDER).rmdir()


def _earlier_files(folder: Path) -> list[Path]:
    return sorted((folder / _EARLIER_FOLDER).glob(_EARLIER_FILES))
