"""Programs whose supervisord was killed, at whatever moment of their start."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common.token_store import locked_token_store
from tests.common.store_writers import TOKEN
from tests.end_to_end.supervised_service import SETTINGS, SupervisedService, prepare
from tests.ports import free_port
from tests.process_table import running_processes
from tests.processes import StartProcess, python_module, wait_for, wait_for_line

#: Seconds in which each orphan ends.
_WITHIN_S = 60

#: Starts a Python program as supervisord does.
_SUPERVISORD = """
import os, subprocess, sys
environment = os.environ | {"SUPERVISORD_PID": str(os.getpid())}
subprocess.run([sys.executable, "-c", sys.argv[1]], env=environment)
"""

#: Waits, as the publisher does while Kafka refuses what it asks for.
_WAITS_LONG = """
from publisher.stop_signals import StopSignals

with StopSignals() as stop:
    print("waits", flush=True)
    print("is to stop:", stop.wait(600), flush=True)
"""


@pytest.fixture
def orphaned(short_folder: Path) -> dict[str, str]:
    """The environment of a program whose supervisord has ended."""
    (short_folder / "var").mkdir()
    with subprocess.Popen(["true"]) as supervisord:
        pass
    settings = dict(line.split("=", 1) for line in SETTINGS.format(port=1).split())
    return settings | {"SUPERVISOR_ENABLED": "1", "SUPERVISORD_PID": str(supervisord.pid)}


@pytest.mark.parametrize("command", [["publisher"], ["readers", "xqc"]])
def test_an_orphan_ends(
    processes: StartProcess, orphaned: dict[str, str], command: list[str]
) -> None:
    """Otherwise it would keep the ports and the outbox from the next supervisord's programs."""
    program = processes(python_module(*command), orphaned)
    assert program.wait(_WITHIN_S) == 0
    assert "supervisord has ended: stopping" in program.output()


def test_an_orphaned_auth_without_a_login_ends(
    processes: StartProcess, orphaned: dict[str, str]
) -> None:
    """It waits for a login, and would do so for ever."""
    assert processes(python_module("auth"), orphaned).wait(_WITHIN_S) == 0


def test_an_orphaned_simulator_ends(processes: StartProcess, orphaned: dict[str, str]) -> None:
    """Otherwise a demo that was killed would leave it behind."""
    command = python_module("simulator", "--port", "0", "--plain")
    assert processes(command, orphaned).wait(_WITHIN_S) == 0


def test_an_orphaned_auth_ends(
    processes: StartProcess, orphaned: dict[str, str], short_folder: Path
) -> None:
    """Otherwise two of them would renew one login."""
    with locked_token_store(short_folder / "tokenStore.json") as store:
        store.write(TOKEN)
    twitch = {"TWITCH_AUTH_URL": f"http://127.0.0.1:{free_port()}"}
    assert processes(python_module("auth"), orphaned | twitch).wait(_WITHIN_S) == 0


@pytest.mark.parametrize(
    "moment",
    [
        "spawned: 'monitor'",
        "spawned: 'auth'",
        "spawned: 'publisher'",
        "spawned: 'reader-xqc'",
        "auth: ",
        "publisher: started",
        "reader xqc: started",
        "publisher: Kafka at .* cannot be reached",
        "success: reader-xqc entered RUNNING",
    ],
)
def test_all_programs_end_whenever_supervisord_is_killed(
    processes: StartProcess, short_folder: Path, moment: str
) -> None:
    """Also before a program has executed or imported anything, without Kafka and Twitch."""
    prepare(short_folder, chat_port=1, channels="xqc\n")
    settings = short_folder / ".env"
    settings.write_text(settings.read_text().replace("=embedded", "=127.0.0.1:1"))
    service = SupervisedService(processes, short_folder)
    wait_for_line(service.supervisord, moment, _WITHIN_S)
    service.supervisord.send(signal.SIGKILL)
    service.supervisord.wait(_WITHIN_S)

    def have_ended() -> bool:
        return all(found.session != service.supervisord.pid for found in running_processes())

    wait_for(have_ended, _WITHIN_S, f"the programs to end: {service.supervisord.tail()}")


def test_a_publisher_ends_although_it_waits_for_long(processes: StartProcess) -> None:
    """It waits up to 30 s before it asks Kafka again. The next one needs its ports before that."""
    supervisord = processes([sys.executable, "-c", _SUPERVISORD, _WAITS_LONG])
    wait_for_line(supervisord, "^waits$", _WITHIN_S)
    supervisord.send(signal.SIGKILL)
    supervisord.wait(_WITHIN_S)
    wait_for(lambda: "is to stop: True" in supervisord.output(), _WITHIN_S, "the publisher to end")
