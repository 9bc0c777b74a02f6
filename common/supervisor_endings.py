"""
What becomes of a program that ends by itself, beyond what supervisord's configuration can express.

1. A status in its `exitcodes` other than 0 says that no restart helps. supervisord would restart
   it nevertheless if it ended within `startsecs`, and call it "expected" otherwise. Here it is
   FATAL at once: `supervisorctl start` fails, and `supervisorctl status` has the reason.
2. When nothing runs any more because of such programs, supervisord ends too, with the status that
   tells a service manager not to restart it. Otherwise it would look as if all was well. `auth`
   and `monitor` do not count where another program is FATAL: they serve programs that run.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterator
from typing import Any

from supervisor import events
from supervisor.datatypes import RestartWhenExitUnexpected
from supervisor.states import STOPPED_STATES, ProcessStates

from common import exit_codes
from common.command_line import program

#: Why a program ended, by its exit status.
_REASONS = {
    exit_codes.FENCED: "another publisher has taken over",
    exit_codes.SETTINGS: "a setting or a file is wrong",
}
_OTHER_REASON = "no restart would help"

#: Seconds for which supervisord goes on after the last program. A supervisorctl that has started it
#: gets its answer, and its user can ask for the reason.
_ENDS_AFTER_S = 5.0

#: Programs that do nothing but serve others. `monitor` shows them; `auth` keeps their login, and
#: waits for ever for a first one.
_SERVANTS = frozenset({"auth", "monitor"})

#: Programs that a log line names.
_NAMED = 5

#: Determined before supervisord's PATH is changed.
_SUPERVISORCTL = program("supervisorctl")


def watch_endings(supervisord: Any) -> None:
    """Do for *supervisord* what the module describes."""
    endings = _Endings(supervisord)
    events.subscribe(events.ProcessStateBackoffEvent, endings.on_backoff)
    events.subscribe(events.ProcessStateExitedEvent, endings.on_exited)
    events.subscribe(events.ProcessStateFatalEvent, endings.on_end)
    events.subscribe(events.ProcessStateStoppedEvent, endings.on_stopped)
    events.subscribe(events.Tick5Event, endings.on_tick)


class _Endings:
    def __init__(self, supervisord: Any) -> None:
        self._supervisord = supervisord
        self._options = supervisord.options
        self._waitpid = self._options.waitpid
        self._options.waitpid = self._wait
        #: Process id and wait status of the program that has ended last.
        self._last: tuple[int | None, int | None] = (None, None)
        #: When a program ended by itself; None if the last one to end was stopped by somebody.
        self._ended_at: float | None = None
        #: Whether supervisord ends as soon as the servants have stopped.
        self._is_ending = False

    def _wait(self) -> tuple[int | None, int | None]:
        """supervisord's `waitpid`; it does not keep the status of a program that ends soon."""
        self._last = self._waitpid()
        return self._last

    def on_backoff(self, event: Any) -> None:
        process = event.process
        pid, status = self._last
        if pid and status is not None and pid == process.pid and os.WIFEXITED(status):
            self._give_up(process, os.WEXITSTATUS(status), "not expected")

    def on_exited(self, event: Any) -> None:
        process = event.process
        self._give_up(process, process.exitstatus, "expected")
        self.on_end(event)

    def on_end(self, _: Any) -> None:
        self._ended_at = time.monotonic()

    def on_stopped(self, _: Any) -> None:
        self._ended_at = None
        if self._is_ending and not any(_runs(process) for process in self._processes()):
            sys.exit(exit_codes.SETTINGS)

    def _give_up(self, process: Any, status: int, supervisords_word: str) -> None:
        """Make *process* FATAL if it has ended with a *status* that no restart helps against."""
        config = process.config
        if (
            not status
            or status not in config.exitcodes
            or config.autorestart is not RestartWhenExitUnexpected
        ):
            return
        reason = _REASONS.get(status, _OTHER_REASON)
        start = shlex.join([*_SUPERVISORCTL, "-c", self._options.configfile, "start", config.name])
        log = self._options.logger
        log.leave_out(f"exited: {config.name} (exit status {status}; {supervisords_word})")
        log.error(
            f"{config.name} ended with status {status}: {reason}, see its lines above. It is not"
            f" restarted. Once that is corrected: {start}"
        )
        process.delay = process.backoff = 0
        process.spawnerr = f"{reason}: see its log (exit status {status})"
        process.change_state(ProcessStates.FATAL)

    def on_tick(self, _: Any) -> None:
        if self._ended_at is None or time.monotonic() - self._ended_at < _ENDS_AFTER_S:
            return
        processes = list(self._processes())
        failed = [process.config.name for process in processes if _has_failed(process)]
        running = [process for process in processes if _runs(process)]
        if any(
            process.state == ProcessStates.FATAL for process in processes if _is_served(process)
        ):
            others = [process for process in running if _is_served(process)]
        else:
            others = running
        if not failed or others:
            return
        self._is_ending = True
        self._log_end(failed, sorted(process.config.name for process in running))
        # An orderly stop: it may be renewing the login.
        for process in running:
            process.stop()
        if not running:
            sys.exit(exit_codes.SETTINGS)

    def _log_end(self, failed: list[str], running: list[str]) -> None:
        names = ", ".join(failed[:_NAMED])
        if len(failed) > _NAMED:
            names += f" and {len(failed) - _NAMED} more"
        others = f" but {' and '.join(running)}" if running else ""
        end = f"supervisord ends with status {exit_codes.SETTINGS}"
        self._options.logger.error(
            f"no program{others} runs any more, and no restart would help: {names}. {end}. Correct"
            " what the lines above name, then start it again"
        )

    def _processes(self) -> Iterator[Any]:
        for group in self._supervisord.process_groups.values():
            yield from group.processes.values()


def _runs(process: Any) -> bool:
    """Return whether *process* runs, or supervisord is about to start it."""
    if process.state not in STOPPED_STATES:
        return True
    if process.state == ProcessStates.STOPPED:
        return bool(process.config.autostart and not process.laststart)
    if process.state != ProcessStates.EXITED:
        return False
    restart = process.config.autorestart
    if restart is RestartWhenExitUnexpected:
        return bool(process.exitstatus not in process.config.exitcodes)
    return bool(restart)


def _is_served(process: Any) -> bool:
    return process.config.name not in _SERVANTS


def _has_failed(process: Any) -> bool:
    if process.state == ProcessStates.EXITED:
        return bool(process.exitstatus != exit_codes.OK)
    return bool(process.state == ProcessStates.FATAL)
