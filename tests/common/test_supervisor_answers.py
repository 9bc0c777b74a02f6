"""How supervisord, with our extension, sends long answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from common.supervisor_client import connect
from tests.common.small_programs import configure, program
from tests.processes import StartProcess, wait_for

#: As many as a large host has readers.
PROCESSES = 1000

_COUNTER = """
[rpcinterface:turns]
supervisor.rpcinterface_factory=tests.common.test_supervisor_answers:count_turns
"""


class _Turns:
    """What the API has as `turns.…`."""

    def __init__(self, poller: Any) -> None:
        self._poll = poller.poll
        self._turns = 0
        poller.poll = self._counted

    def _counted(self, timeout: float) -> Any:
        self._turns += 1
        return self._poll(timeout)

    def count(self) -> int:
        return self._turns


def count_turns(supervisord: Any) -> _Turns:
    """Count the turns of the main loop (a `supervisor.rpcinterface_factory`)."""
    return _Turns(supervisord.options.poller)


def test_an_answer_about_a_thousand_programs_takes_few_turns_of_the_main_loop(
    processes: StartProcess, short_folder: Path
) -> None:
    """Each turn looks at every program: else there were more than 100, and all else would wait."""
    many = program(
        "many",
        "sleep 1",
        process_name="many-%(process_num)d",
        numprocs=str(PROCESSES),
        autostart="false",
    )
    processes(configure(short_folder, many, _COUNTER))
    path = short_folder / "supervisor.sock"
    wait_for(path.exists, 60, "supervisord's socket")
    with connect(f"unix://{path}", within_s=60) as supervisord:
        api: Any = supervisord
        before = api.turns.count()
        answer = api.supervisor.getAllProcessInfo()
        turns = api.turns.count() - before
    assert len(answer) == PROCESSES
    assert turns < 40
