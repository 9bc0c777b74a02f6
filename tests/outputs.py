"""Outputs that cannot be written: nobody reads them, they are closed, or their disk is full."""

from __future__ import annotations

import sys
from collections.abc import Sequence

#: By name, how an output is made that cannot be written. The command inherits the other end, so it
#: stays open.
OUTPUTS = {
    "full pipe": """
reading, writing = os.pipe()
os.set_inheritable(reading, True)
os.set_blocking(writing, False)
fill(writing)
os.set_blocking(writing, True)
""",
    "stopped terminal": """
reading, writing = os.openpty()
os.set_inheritable(reading, True)
termios.tcflow(writing, termios.TCOOFF)
""",
    "terminal nobody reads": """
reading, writing = os.openpty()
os.set_inheritable(reading, True)
os.set_blocking(writing, False)
fill(writing)
os.set_blocking(writing, True)
""",
    "closed pipe": """
reading, writing = os.pipe()
os.close(reading)
""",
    "full disk": """
writing = os.open("/dev/full", os.O_WRONLY)
""",
    "closed": """
writing = None
""",
}

_RUN = """
import os, sys, termios

def fill(writing):
    try:
        while True:
            os.write(writing, b"x" * 1000)
    except BlockingIOError:
        pass

{output}
for stream in (1, 2):
    if writing is None:
        os.close(stream)
    else:
        os.dup2(writing, stream)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def with_output(name: str, command: Sequence[str]) -> list[str]:
    """Return the command that runs *command* with both streams to the output *name*."""
    return [sys.executable, "-c", _RUN.format(output=OUTPUTS[name]), *command]
