"""
The readers as supervisord programs: one file for each, which supervisord.conf includes.

A file is written only if it changes, and is replaced atomically: supervisord may read it at any
time.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from common.files import read_small_file, replace_file

#: Prefix of the program names and file names of readers.
PREFIX = "reader-"

# `%(here)-s` is the folder of supervisord.conf, see there. `%(here)s/../..` is a folder on another
# disk, without our `.env`, if `var` is a link to that disk.
_PROGRAM = """\
; Written by `python -m readers.channels` from channels.conf. Changes here are overwritten.
[program:{name}]
command=python3 -m readers {channel}
directory=%(here)-s
priority=200
; 78 is a wrong setting: do not restart until it is corrected. Restart after any other status.
autorestart=unexpected
exitcodes=78
; Retry after 1 s, 2 s, 3 s and so on, indefinitely.
startsecs=3
startretries=1000000
; A reader waits up to 10 s for acknowledgements.
stopwaitsecs=15
redirect_stderr=true
stdout_logfile=NONE
stdout_events_enabled=true
"""


def write_reader_programs(directory: Path, channels: Iterable[str]) -> None:
    """
    Make *directory* hold the programs for the readers of *channels*, and for no other readers.

    Other files stay. Raises OSError when a file cannot be written or removed.
    """
    wanted = {_file_name(channel): channel for channel in channels}
    for path in directory.glob(f"{PREFIX}*.conf"):
        if path.name not in wanted:
            path.unlink()
    add_reader_programs(directory, wanted.values())


def add_reader_programs(directory: Path, channels: Iterable[str]) -> None:
    """
    Make *directory* hold the programs for the readers of *channels*, and keep all other files.

    Raises OSError when a file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for channel in channels:
        path, content = directory / _file_name(channel), _content(channel)
        if not _holds(path, content):
            replace_file(path, content)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return read_small_file(path, len(content)) == content
    except OSError:
        return False


def _file_name(channel: str) -> str:
    return f"{PREFIX}{channel}.conf"


def _content(channel: str) -> bytes:
    return _PROGRAM.format(name=PREFIX + channel, channel=channel).encode()
