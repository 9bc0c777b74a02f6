"""A fork of a process with immortal objects uses them, and copies hardly any memory."""

from __future__ import annotations

import sys

import pytest

from readers.fork_server.immortal import immortal_count
from tests.processes import StartProcess

#: Forks twice: before the objects are immortal, and then. Each child takes a reference to each of
#: many objects, and prints how many KiB of memory it has copied for that.
_FORK = """
import gc, os, re, time
from readers.fork_server.immortal import make_objects_immortal

def use_in_a_fork(objects):
    if pid := os.fork():
        return os.waitpid(pid, 0)
    before = private_kib()
    for each in objects:
        other = each
        held = [each]
    print(private_kib() - before, flush=True)
    os._exit(0)

def private_kib():
    with open("/proc/self/smaps_rollup") as memory:
        return int(re.search("Private_Dirty: +([0-9]+)", memory.read())[1])

objects = [[number] for number in range(200_000)]
private_kib()
gc.freeze()
use_in_a_fork(objects)
gc.unfreeze()
make_objects_immortal()
gc.freeze()
use_in_a_fork(objects)
# They still work as before.
objects[0].append(objects.pop())
assert objects[0] == [0, [199_999]] and len(objects) == 199_999
"""


@pytest.mark.skipif(immortal_count() is None, reason="this Python's layout is not known")
def test_a_fork_copies_little_of_what_it_uses(processes: StartProcess) -> None:
    """The 200,000 lists of the test have 17 MB."""
    program = processes([sys.executable, "-c", _FORK])
    assert program.wait(60) == 0, program.output()
    mortal_kib, immortal_kib = map(int, program.output().split())
    assert immortal_kib < mortal_kib / 10
