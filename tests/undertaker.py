"""Kills what a test run started when the run itself was killed and could not tidy up.

A child in a session of its own reads the end of the run from its standard input, which the kernel
closes however the run ends, and then kills every session it was told of and not told to forget.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.process_table import kill_session

_REPOSITORY = Path(__file__).parent.parent


def watch(session: int) -> None:
    """Have *session* killed when this run ends, unless it is forgotten before."""
    _tell(f"watch {session}\n")


def forget(session: int) -> None:
    """Leave *session* alone from now on: it has ended, and its number may be used again."""
    _tell(f"forget {session}\n")


@cache
def undertaker() -> subprocess.Popen[str]:
    """Return this run's undertaker, started at the first call and ended at the interpreter's."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.undertaker"],
        stdin=subprocess.PIPE,
        text=True,
        cwd=_REPOSITORY,
        start_new_session=True,
    )
    atexit.register(process.communicate)
    return process


def _tell(line: str) -> None:
    pipe = undertaker().stdin
    if pipe is None:
        raise RuntimeError("the undertaker was started without a pipe")
    pipe.write(line)
    pipe.flush()


def main() -> None:
    """Keep the list until the run is gone, then kill what is still on it."""
    sessions: set[int] = set()
    for line in sys.stdin:
        verb, _, session = line.partition(" ")
        if verb == "watch":
            sessions.add(int(session))
        else:
            sessions.discard(int(session))
    for remaining in sessions:
        kill_session(remaining)


if __name__ == "__main__":
    main()
