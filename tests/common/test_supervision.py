"""The effects of our extension on a real supervisord that runs small programs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.common.small_programs import configure, program
from tests.processes import StartProcess, wait_for, wait_for_line

# On SIGTERM, waits until the program in the second argument has received SIGTERM too.
_WAITS_FOR_OTHER = """
name=$1 other=$2
trap 'touch "$name.stopping"; while ! [ -e "$other.stopping" ]; do sleep 0.01; done; exit' TERM
echo "$name is ready"
while :; do sleep 0.01; done
"""

# On SIGTERM, prints whether the programs a and b have received SIGTERM.
_LAST = """
trap 'ls a.stopping b.stopping && echo both are stopping; exit' TERM
echo last is ready
while :; do sleep 0.01; done
"""

# Runs a command with its output to a socket, as systemd does, and copies the output to stdout.
_TO_A_SOCKET = """
import shutil, socket, subprocess, sys
ours, theirs = socket.socketpair()
process = subprocess.Popen(sys.argv[1:], stdout=theirs, stderr=theirs)
theirs.close()
with ours.makefile("rb") as output:
    shutil.copyfileobj(output, sys.stdout.buffer, 1)
"""

_PRINT_AND_END = r"import sys; sys.stdout.write('the program speaks\n')"


def script(folder: Path, name: str, text: str) -> str:
    """Write *text* to a file of that name; return its path."""
    path = folder / name
    path.write_text(text)
    return str(path)


def test_programs_of_one_priority_are_stopped_at_the_same_time(
    processes: StartProcess, short_folder: Path
) -> None:
    """Two programs that wait for each other both end before one of lower priority is stopped."""
    script_path = script(short_folder, "waits_for_other", _WAITS_FOR_OTHER)
    command = configure(
        short_folder,
        program("a", f"sh {script_path} a b", priority="2"),
        program("b", f"sh {script_path} b a", priority="2"),
        program("last", f"sh {script(short_folder, 'last_one', _LAST)}", priority="1"),
    )
    supervisord = processes(command)
    for name in ("a", "b", "last"):
        wait_for_line(supervisord, f"^{name} is ready$", timeout_s=60)
    assert supervisord.stop() == 0
    output = supervisord.output()
    assert "both are stopping" in output
    assert "SIGKILL" not in output


@pytest.mark.parametrize("through", ["file", "pipe", "socket"])
def test_the_output_of_programs_is_in_supervisords_own_output(
    processes: StartProcess, short_folder: Path, through: str
) -> None:
    """For a file, pipe or socket, a program's line is between supervisord's lines about it."""
    path = script(short_folder, "program.py", _PRINT_AND_END)
    command = configure(short_folder, program("talker", f"python3 {path}"))
    if through == "pipe":
        command = ["sh", "-c", f"{' '.join(command)} | cat"]
    elif through == "socket":
        command = [sys.executable, "-c", _TO_A_SOCKET, *command]
    supervisord = processes(command)
    wait_for_line(
        supervisord,
        r"(?s)spawned: 'talker'.*^the program speaks$.*exited: talker",
        timeout_s=60,
    )


def test_programs_continue_after_the_output_is_closed(
    processes: StartProcess, short_folder: Path
) -> None:
    """A program can write a megabyte to a broken pipe, and the extension logs no error."""
    path = script(
        short_folder,
        "program.py",
        "import pathlib; print('x' * 1_000_000, flush=True); pathlib.Path('done').touch()",
    )
    command = configure(short_folder, program("talker", f"python3 {path}"))
    supervisord = processes(["sh", "-c", f"{' '.join(command)} | true"])
    wait_for((short_folder / "done").exists, 60, "the program's end")
    assert "common/supervision.py" not in supervisord.output()


def test_programs_run_on_the_python_of_supervisord_whatever_the_path(
    processes: StartProcess, short_folder: Path
) -> None:
    """Even if the PATH lacks our environment, `python3` is the one with our packages."""
    path = script(
        short_folder, "program.py", r"import sys; sys.stdout.write(f'prefix {sys.prefix}\n')"
    )
    command = configure(short_folder, program("talker", f"python3 {path}"))
    supervisord = processes(command, {"PATH": "/usr/bin:/bin"})
    assert wait_for_line(supervisord, r"^prefix (.+)$", timeout_s=60)[1] == sys.prefix


def test_programs_know_the_process_of_supervisord(
    processes: StartProcess, short_folder: Path
) -> None:
    """They end when it ends, even if it ends before they look."""
    path = script(
        short_folder,
        "program.py",
        "import os, sys; sys.stdout.write(f'started by {os.environ[\"SUPERVISORD_PID\"]}\\n')",
    )
    supervisord = processes(configure(short_folder, program("child", f"python3 {path}")))
    found = wait_for_line(supervisord, r"^started by (\d+)$", timeout_s=60)
    assert int(found[1]) == supervisord.pid
