"""What a real supervisord with our extension does when its programs end by themselves."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from common import exit_codes
from common.supervisor_endings import _ENDS_AFTER_S
from tests.common.small_programs import configure, control, program, shell
from tests.processes import StartProcess, wait_for_line

_WITHIN_S = 60

#: As our supervisord.conf says it of the publisher.
_OURS = {"autorestart": "unexpected", "exitcodes": "3,78", "startsecs": "3"}

_RUNS = program("other", "sleep 1000")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(78, "a setting or a file is wrong"), (3, "another publisher has taken over")],
)
def test_a_program_that_no_restart_helps_is_fatal_at_once(
    processes: StartProcess, short_folder: Path, status: int, reason: str
) -> None:
    """supervisorctl's status has the reason; its start fails. It is not called expected."""
    wrong = program("wrong", shell(f"exit {status}"), **_OURS)
    supervisord = processes(configure(short_folder, wrong, _RUNS))
    wait_for_line(
        supervisord, rf"ERROR +supervisord: wrong ended with status {status}: ", _WITHIN_S
    )
    shown = control(short_folder, "status", "wrong")
    assert f"FATAL     {reason}: see its log (exit status {status})" in shown.stdout
    assert shown.returncode != 0
    for command in ("start", "restart"):
        started = control(short_folder, command, "wrong")
        assert "wrong: ERROR (spawn error)" in started.stdout
        assert started.returncode != 0
    assert supervisord.output().count("spawned: 'wrong'") == 3
    assert "expected" not in supervisord.output()
    assert "success: wrong" not in supervisord.output()


def test_a_program_that_no_restart_helps_any_more_is_fatal(
    processes: StartProcess, short_folder: Path
) -> None:
    """It has been RUNNING before. The log has the command that starts it again, and it works."""
    path, end = short_folder / "is-right", short_folder / "end"
    wrong = shell(
        f"[ -e {path} ] && exec sleep 1000; until [ -e {end} ]; do sleep 0.02; done; exit 78"
    )
    options = _OURS | {"startsecs": "0"}
    supervisord = processes(configure(short_folder, program("wrong", wrong, **options), _RUNS))
    wait_for_line(supervisord, "success: wrong entered RUNNING", _WITHIN_S)
    end.touch()
    ended = r"wrong ended with status 78: .* corrected: (.*)$"
    command = wait_for_line(supervisord, ended, _WITHIN_S)[1]
    shown = control(short_folder, "status", "wrong").stdout
    assert "FATAL     a setting or a file is wrong: see its log (exit status 78)" in shown
    assert "expected" not in supervisord.output()
    path.touch()
    assert processes(["sh", "-c", command]).wait(_WITHIN_S) == 0
    assert "RUNNING" in control(short_folder, "status", "wrong").stdout


@pytest.mark.parametrize(
    ("status", "autorestart"), [(0, "unexpected"), (1, "unexpected"), (78, "true")]
)
def test_a_program_that_a_restart_may_help_is_restarted(
    processes: StartProcess, short_folder: Path, status: int, autorestart: str
) -> None:
    """If it ends soon, also with 0: it was not asked to. Or somebody wants it in any case."""
    options = _OURS | {
        "exitcodes": "0,78",
        "startretries": "100",
        "autorestart": autorestart,
    }
    supervisord = processes(
        configure(short_folder, program("again", shell(f"exit {status}"), **options))
    )
    wait_for_line(supervisord, r"(?s)spawned: 'again'.*spawned: 'again'", _WITHIN_S)
    assert f"exited: again (exit status {status}; not expected)" in supervisord.output()


def test_a_program_that_cannot_start_is_not_taken_for_the_last_one_that_ended(
    processes: StartProcess, short_folder: Path
) -> None:
    """It has no exit status, and supervisord tries again."""
    supervisord = processes(
        configure(
            short_folder,
            program("missing", "/no/such/program", startretries="100", **_OURS),
            program("wrong", shell("exit 78"), **_OURS),
            _RUNS,
        )
    )
    pattern = r"(?s)wrong ended with status 78.*spawnerr: can't find command '/no/such/program'"
    wait_for_line(supervisord, pattern, _WITHIN_S)
    assert "missing ended" not in supervisord.output()
    assert "BACKOFF" in control(short_folder, "status", "missing").stdout


def test_supervisord_ends_when_nothing_runs_any_more(
    processes: StartProcess, short_folder: Path
) -> None:
    """With the status that systemd does not restart. A program that has finished does not count."""
    supervisord = processes(
        configure(
            short_folder,
            program("wrong", shell("exit 78"), **_OURS),
            program("later", shell("sleep 4; exit 3"), **_OURS),
            program("done", shell("exit 0"), exitcodes="0"),
        )
    )
    assert supervisord.wait(_WITHIN_S) == exit_codes.SETTINGS
    last = supervisord.output().splitlines()[-1]
    assert "no program runs any more, and no restart would help: later, wrong." in last
    assert not (short_folder / "supervisor.sock").exists()


def test_auth_and_monitor_alone_do_not_keep_supervisord_running(
    processes: StartProcess, short_folder: Path
) -> None:
    """They are stopped in order: auth may be renewing the login."""
    auth = shell("trap 'sleep 1; touch stopped; exit 0' TERM; while :; do sleep 0.1; done")
    supervisord = processes(
        configure(
            short_folder,
            program("auth", auth),
            program("monitor", "sleep 1000"),
            program("wrong", shell("exit 78"), **_OURS),
        )
    )
    assert supervisord.wait(_WITHIN_S) == exit_codes.SETTINGS
    lost = "no program but auth and monitor runs any more, and no restart would help: wrong."
    assert lost in supervisord.output()
    assert (short_folder / "stopped").exists()


def test_a_host_with_auth_only_goes_on(processes: StartProcess, short_folder: Path) -> None:
    """Whatever a program of another kind has ended with."""
    supervisord = processes(
        configure(short_folder, program("auth", "sleep 1000"), program("mine", shell("exit 1")))
    )
    wait_for_line(supervisord, "exited: mine", _WITHIN_S)
    # supervisord looks every 5 s.
    time.sleep(_ENDS_AFTER_S + 6)
    assert "RUNNING" in control(short_folder, "status", "auth").stdout


@pytest.mark.parametrize(("failing", "running"), [("monitor", "auth"), ("auth", "monitor")])
def test_a_wrong_setting_of_one_that_serves_ends_nothing(
    processes: StartProcess, short_folder: Path, failing: str, running: str
) -> None:
    """As on a host whose channels are not named yet."""
    supervisord = processes(
        configure(
            short_folder,
            program(running, "sleep 1000"),
            program(failing, shell("exit 78"), **_OURS),
        )
    )
    wait_for_line(supervisord, f"{failing} ended with status 78", _WITHIN_S)
    # supervisord looks every 5 s.
    time.sleep(_ENDS_AFTER_S + 6)
    assert "RUNNING" in control(short_folder, "status", running).stdout


@pytest.mark.parametrize(
    ("section", "command"),
    [
        (program("wrong", shell("exit 78"), **_OURS), ["stop", "all"]),
        (program("done", shell("exit 0"), exitcodes="0"), ["stop", "other"]),
    ],
)
def test_supervisord_stays_when_its_programs_were_stopped_or_have_finished(
    processes: StartProcess, short_folder: Path, section: str, command: list[str]
) -> None:
    """Nothing runs, but somebody wants that."""
    supervisord = processes(configure(short_folder, section, _RUNS))
    wait_for_line(supervisord, r"wrong ended with|exited: done", _WITHIN_S)
    assert control(short_folder, *command).stdout == "other: stopped\n"
    # supervisord looks every 5 s.
    time.sleep(_ENDS_AFTER_S + 6)
    assert control(short_folder, "status", "other").stdout.startswith("other   ")
    assert supervisord.stop() == 0
