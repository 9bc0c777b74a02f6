"""
What supervisord loads into itself (`[rpcinterface:supervision]` in supervisord.conf), because its
configuration cannot say it.

1. Programs run on the Python that supervisord runs on, be its folder on the PATH or not.
2. What programs print goes where supervisord's own log goes. As a log file, `/dev/fd/1` cannot be
   opened where it is a socket (systemd's journal), and where it is a file, lines get lost.
3. Programs of one priority are stopped at the same time. supervisord alone stops one program after
   the other: a thousand readers that wait 10 s for acknowledgements would take hours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import groupby
from typing import Any

from supervisor import events


def extend(supervisord: Any) -> object:
    """
    Extend *supervisord* (`supervisor.supervisord.Supervisor`).

    This is a `supervisor.rpcinterface_factory`; what it returns offers no remote procedure.
    https://supervisord.org/api.html#adding-your-own-rpc-interface
    """
    _put_python_first()
    _subscribe(events.ProcessLogStdoutEvent, _print)
    _subscribe(events.SupervisorStoppingEvent, partial(_stop_together, supervisord))
    return object()


def _put_python_first() -> None:
    ours = os.path.dirname(sys.executable)
    path = os.environ.get("PATH", os.defpath)
    if path.split(os.pathsep)[0] != ours:
        os.environ["PATH"] = ours + os.pathsep + path


def _subscribe(event: type, listener: Callable[[Any], None]) -> None:
    events.subscribe(event, listener)


def _print(event: Any) -> None:
    # Nobody may be listening any more, but the programs have to be able to go on.
    with suppress(OSError):
        sys.stdout.buffer.write(event.data)
        sys.stdout.buffer.flush()


def _stop_together(supervisord: Any, _: Any) -> None:
    """Have the main loop stop priority after priority, the highest number first."""
    groups = sorted(supervisord.process_groups.values())
    supervisord.stop_groups = [
        _StoppedTogether(same)
        for _, same in groupby(groups, key=lambda group: group.config.priority)
    ]


class _StoppedTogether:
    """Several process groups, with what supervisord's main loop asks of one when it stops."""

    def __init__(self, groups: Iterable[Any]) -> None:
        self._groups = list(groups)

    def stop_all(self) -> None:
        for group in self._groups:
            group.stop_all()

    def get_unstopped_processes(self) -> list[Any]:
        return [process for group in self._groups for process in group.get_unstopped_processes()]
