"""
The readers as programs of supervisord: a file for each, which supervisord.conf includes.

It is written only where it changes, and replaced as a whole: supervisord may read it at any time.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from common.files import replace_file

#: What the name of every reader's program begins with, and of its file.
PREFIX = "reader-"

# `%(here)s` is the folder of the file that it stands in.
_PROGRAM = """\
; Written by `python -m readers.channels` from channels.conf; changes here do not last.
[program:{name}]
command=python3 -m readers {channel}
directory=%(here)s/../..
priority=200
; A wrong setting (78) waits for whoever mends it. Any other end was not asked for.
autorestart=unexpected
exitcodes=78
; Tried again after 1 s, 2 s, 3 s and so on, and never given up.
startsecs=3
startretries=1000000
; It waits up to 10 s for acknowledgements.
stopwaitsecs=15
redirect_stderr=true
stdout_logfile=NONE
stdout_events_enabled=true
"""


def write_reader_programs(directory: Path, channels: Iterable[str]) -> None:
    """
    Let *directory* hold the programs of the readers of *channels*, and of no other channel.

    Files that are not a reader's stay. Raises OSError when a file cannot be written or removed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    wanted = {f"{PREFIX}{channel}.conf": _content(channel) for channel in channels}
    for path in directory.glob(f"{PREFIX}*.conf"):
        if path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        path = directory / name
        if not path.exists() or path.read_bytes() != content:
            replace_file(path, content)


def _content(channel: str) -> bytes:
    return _PROGRAM.format(name=PREFIX + channel, channel=channel).encode()
