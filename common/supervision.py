"""
A supervisord extension (`[rpcinterface:supervision]` in supervisord.conf), for what its
configuration cannot express.

1. Programs run on the Python that supervisord runs on, even if its folder is not on the PATH.
2. The output of programs goes to supervisord's stdout, as its own log does. `/dev/fd/1` as a log
   file does not serve: if it is a socket (systemd's journal), it cannot be opened; if it is a file,
   lines get lost.
3. An output that nobody reads, or that is closed, does not stop supervisord. Without this, it
   blocks; then the pipes of its programs fill up, and they block too.
4. Programs know which process is their supervisord (common/supervisor_watch.py).
5. Programs of one priority are stopped at the same time. Without this, supervisord stops one
   program after another: a thousand readers that wait 10 s for acknowledgements would take hours.
6. It may open as many files as the hard limit allows, and it refuses a folder that it cannot
   include files from (common/supervisor_start.py).
7. A program that no restart helps is FATAL at once (common/supervisor_endings.py).
8. supervisord's log lines look as those of the programs do (common/supervisor_log.py).
9. An answer of its API leaves in few pieces. Without this, each 4 KiB takes a turn of the main
   loop, which looks at every program. About a thousand programs, `supervisorctl status` asks for
   0.9 MiB.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby
from typing import Any

from supervisor import events
from supervisor.http import deferring_http_channel

from common.supervisor_endings import watch_endings
from common.supervisor_log import log_as_our_programs_do
from common.supervisor_start import allow_open_files, refuse_odd_folder
from common.supervisor_watch import SUPERVISORD_PID

#: As much of an answer as a Unix socket takes at once.
_ANSWER_BYTES = 256 * 1024


def extend(supervisord: Any) -> object:
    """
    Extend *supervisord* (`supervisor.supervisord.Supervisor`).

    This is a `supervisor.rpcinterface_factory`. The object it returns has no remote procedures.
    https://supervisord.org/api.html#adding-your-own-rpc-interface
    """
    _put_python_first()
    os.environ[SUPERVISORD_PID] = str(os.getpid())
    _subscribe(events.ProcessLogStdoutEvent, _print)
    _subscribe(events.Tick5Event, _print_what_is_kept)
    _subscribe(events.SupervisorRunningEvent, partial(refuse_odd_folder, supervisord))
    allow_open_files(supervisord)
    _subscribe(events.ProcessGroupAddedEvent, partial(allow_open_files, supervisord))
    _subscribe(events.SupervisorStoppingEvent, partial(_stop_together, supervisord))
    watch_endings(supervisord)
    deferring_http_channel.ac_out_buffer_size = _ANSWER_BYTES
    return object()


def _put_python_first() -> None:
    folder = os.path.dirname(sys.executable)
    path = os.environ.get("PATH", os.defpath)
    if path.split(os.pathsep)[0] != folder:
        os.environ["PATH"] = folder + os.pathsep + path


def _subscribe(event: type, listener: Callable[[Any], None]) -> None:
    events.subscribe(event, listener)


def _print(event: Any) -> None:
    sys.stdout.buffer.write(event.data)


def _print_what_is_kept(_: Any) -> None:
    sys.stdout.flush()


def _stop_together(supervisord: Any, _: Any) -> None:
    """Make the main loop stop one priority after another, the highest number first."""
    groups = sorted(supervisord.process_groups.values())
    supervisord.stop_groups = [
        _StoppedTogether(same)
        for _, same in groupby(groups, key=lambda group: group.config.priority)
    ]


class _StoppedTogether:
    """Several process groups, with the methods that supervisord's main loop calls to stop one."""

    def __init__(self, groups: Iterable[Any]) -> None:
        self._groups = list(groups)

    def stop_all(self) -> None:
        for group in self._groups:
            group.stop_all()

    def get_unstopped_processes(self) -> list[Any]:
        return [process for group in self._groups for process in group.get_unstopped_processes()]


# supervisord imports this module while it reads its configuration, before its first log line.
log_as_our_programs_do()
