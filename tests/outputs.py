"""Outputs that cannot be written: nobody reads them, they are closed, or their disk is full.

Either from the start (`with_output`), or from the moment when their reader leaves (`read_once`).
"""

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


#: How a pair of descriptors is made of which one is read, and the other written.
READ_ENDS = {
    "pipe": "os.pipe()",
    "socket": "[end.detach() for end in socket.socketpair()]",
    "terminal": "os.openpty()",
}

#: Becomes the command with its output to such a pair, which a grandchild reads until it has read
#: something. (A child would be one of the command.)
_READ_ONCE = """
import os, socket, sys
reading, writing = {ends}
if os.fork() == 0:
    if os.fork() == 0:
        os.close(writing)
        if 1 in {streams}:
            os.read(reading, 10)
    os._exit(0)
os.wait()
os.close(reading)
for stream in {streams}:
    os.dup2(writing, stream)
os.close(writing)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def read_once(ends: str, streams: Sequence[int], command: Sequence[str]) -> list[str]:
    """
    Return the command that runs *command* with an output whose reader leaves soon.

    *ends* is a key of READ_ENDS. *streams* are 1 (stdout), 2 (stderr) or both.
    """
    program = _READ_ONCE.format(ends=READ_ENDS[ends], streams=list(streams))
    return [sys.executable, "-c", program, *command]
