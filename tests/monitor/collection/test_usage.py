"""The processor time of processes is a counter that never falls, and begins with this process."""

from __future__ import annotations

import subprocess
import sys

from monitor.collection.host import Program
from monitor.collection.usage import ProcessUsage
from tests.processes import REPOSITORY, StartProcess, wait_for_line

_USE = """
import time
while time.process_time() < 0.5:
    pass
print("used", flush=True)
time.sleep(600)
"""

_MEASURE = """
import sys
from monitor.collection.host import Program
from monitor.collection.usage import ProcessUsage
usage = ProcessUsage().measure({"publisher": Program("RUNNING", "", int(sys.argv[1]))})
print(usage["publisher"].processor_s)
"""


def test_only_what_is_used_after_the_start_of_the_monitor_counts(processes: StartProcess) -> None:
    """What ended before it is not known: a sum that is only a little less looks like a new one."""
    using = processes([sys.executable, "-c", _USE])
    wait_for_line(using, "used", 30)
    older = ProcessUsage().measure({"publisher": Program("RUNNING", "", using.pid)})
    assert older["publisher"].processor_s >= 0.4
    newer = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(using.pid)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    assert float(newer.stdout) == 0
