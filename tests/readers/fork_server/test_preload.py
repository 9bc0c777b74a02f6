"""What the fork server prepares for readers, and that nothing else is left of it."""

from __future__ import annotations

import sys

import pytest

from readers.fork_server.immortal import immortal_count
from tests.processes import StartProcess

_PRELOAD = """
import gc, logging, os, sys, threading
from pathlib import Path
from readers.fork_server.preload import preload
from readers.fork_server.rehearsal import rehearse
"""

_NOTHING_LEFT = """
def state():
    folder = "/proc/self/fd/"
    descriptors = {name: os.path.exists(folder + name) for name in os.listdir(folder)}
    streams = sys.stdout, sys.stderr, sys.__stderr__
    tasks = len(os.listdir("/proc/self/task"))
    return descriptors, streams, tasks, dict(os.environ), os.getcwd()

before = state()
preload()
assert state() == before, (before, state())
assert not logging.getLogger().handlers
"""

_ALL_IMPORTED = """
preload()
before = set(sys.modules)
rehearse()
assert set(sys.modules) == before, set(sys.modules) - before
"""

#: A child counts a reference to each object. `smaps_rollup` has kilobytes.
_SHARED = """
def kilobytes(*fields):
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(fields))

preload()
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
before = kilobytes("Private")
gc.disable()
gc.unfreeze()
for each in gc.get_objects():
    kept = [each, type(each)]
copied = kilobytes("Private") - before
os._exit(copied > kilobytes("Rss") / 4)
"""


#: As where the loopback interface has no address, or no IPv4.
_NO_LOOPBACK = """
import zmq

def refuse(*_):
    raise OSError("no loopback")

zmq.Socket.bind = refuse
preload()
"""


def ends_well(processes: StartProcess, program: str) -> bool:
    """Return whether *program* ends with status 0, and reports no failed rehearsal."""
    process = processes([sys.executable, "-c", _PRELOAD + program])
    return process.wait(60) == 0 and "rehearsal failed" not in process.output()


def test_the_preload_leaves_no_thread_descriptor_or_setting(processes: StartProcess) -> None:
    """Forks would get half of a thread, and all of the rest."""
    assert ends_well(processes, _NOTHING_LEFT)


def test_a_reader_imports_nothing_more(processes: StartProcess) -> None:
    """What it imported itself, it would not share."""
    assert ends_well(processes, _ALL_IMPORTED)


def test_readers_only_share_less_where_a_reader_cannot_be_rehearsed(
    processes: StartProcess,
) -> None:
    """The sockets that were open by then do not keep the fork server."""
    process = processes([sys.executable, "-c", _PRELOAD + _NO_LOOPBACK])
    assert process.wait(60) == 0
    assert "readers share less memory: the rehearsal failed: OSError" in process.output()


@pytest.mark.skipif(immortal_count() is None, reason="objects are not immortal in this Python")
def test_a_reader_that_uses_all_objects_copies_few_pages(processes: StartProcess) -> None:
    """A reference to an immortal object is not counted."""
    assert ends_well(processes, _SHARED)
