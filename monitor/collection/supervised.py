"""
What supervisord's programs do and use, as it was a moment ago.

To ask takes a while: supervisord needs 0.1 s for a thousand programs, and may hang. So a thread
asks, and what it has found last is there at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitor.collection.host import Program, Usage
from monitor.collection.programs import SupervisordError, ask_programs
from monitor.collection.usage import ProcessUsage

#: Seconds from an answer to the next question: at least, and at most.
_AGAIN_AFTER_S = 5.0
_AGAIN_WITHIN_S = 30.0

#: In between, this many times what it took: supervisord works 1 % of its time for us.
_REST = 100.0

#: Seconds until the next look for a supervisord that was not there.
_LOOK_AFTER_S = 1.0

#: Seconds that the first one who wants to know waits for the answer.
_FIRST_WITHIN_S = 3.0


@dataclass(frozen=True)
class Supervised:
    """What supervisord has said, and what its programs use; see `Host`."""

    #: Those of its last answer if it does not respond now.
    programs: Mapping[str, Program] | None = None
    usage: Mapping[str, Usage] = field(default_factory=dict)
    #: Why supervisord cannot be asked although it has a socket; empty if it can or has none.
    problem: str = ""


class SupervisedPrograms:
    """Knows the programs of the supervisord whose socket is in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._usage = ProcessUsage()
        self._newest = Supervised()
        self._asking: threading.Thread | None = None
        self._asked_about: object = None
        self._answered_at = self._took_s = 0.0

    def newest(self, running: object) -> Supervised:
        """
        Return the newest answer, and ask again if it is time to.

        It is time earlier if *running*, which processes run, is another than last time.
        """
        if self._asking is None:
            self._ask(running)
            self._join(_FIRST_WITHIN_S)
        elif not self._asking.is_alive() and self._is_due(running):
            self._ask(running)
        return self._newest

    def _is_due(self, running: object) -> bool:
        if self._newest.programs is None and not self._newest.problem:
            rest_s = _LOOK_AFTER_S
        elif running != self._asked_about:
            rest_s = _AGAIN_AFTER_S
        else:
            rest_s = min(max(_AGAIN_AFTER_S, self._took_s * _REST), _AGAIN_WITHIN_S)
        return time.monotonic() - self._answered_at >= rest_s

    def _ask(self, running: object) -> None:
        self._asked_about = running
        # It must not keep the process from ending.
        self._asking = threading.Thread(target=self._answer, name="supervisord", daemon=True)
        self._asking.start()

    def _join(self, within_s: float) -> None:
        if self._asking:
            self._asking.join(within_s)

    def _answer(self) -> None:
        began = time.monotonic()
        # If it does not respond, they are those that it had, as far as anybody knows.
        programs, problem = self._newest.programs, ""
        try:
            programs = ask_programs(self._folder)
        except SupervisordError as error:
            problem = str(error)
        usage = self._usage.measure(programs or {})
        self._newest = Supervised(programs, usage, problem)
        self._answered_at = time.monotonic()
        self._took_s = self._answered_at - began
