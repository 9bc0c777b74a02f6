"""The image's entrypoint and its health check, run in a folder laid out as /app in the image."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from common.chat_message import decode_chat_message
from tests.deploy.manifests import DEPLOY
from tests.processes import REPOSITORY, StartProcess, wait_for_line
from tests.requirements import require_program, unavailable

#: The entrypoint, as process 1 of a container, with *check* beside it.
_CONTAINER = "cd {app}; ({check}) & exec ./entrypoint {role}"

#: Process 1 is healthy, too, while it is still a shell: then there is no monitor yet.
_UNTIL_LIVE = "until ./healthcheck > health && grep -qF live: health; do sleep 0.2; done"

#: A container has a network of its own; here, others may have a monitor too.
_ANY_PORT = {"MONITOR_BIND": "127.0.0.1:0"}


@pytest.fixture
def app(short_folder: Path) -> Path:
    """Return a folder with the files of /app, and no channel to read."""
    folder = short_folder / "app"
    shutil.copytree(DEPLOY / "container", folder)
    shutil.copy(REPOSITORY / "supervisord.conf", folder)
    (folder / "channels.conf").write_text("# none\n")
    (folder / "var").mkdir()
    return folder


def container(app: Path, role: str, check: str) -> list[str]:
    """Return the command that runs *role* as process 1, and the shell's *check* beside it."""
    require_program("unshare")
    if os.geteuid():
        unavailable("only root can make a process the first one of a namespace")
    script = _CONTAINER.format(app=app, role=role, check=check)
    return ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script]


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help_lists_the_roles(processes: StartProcess, app: Path, word: str) -> None:
    """And nothing is started."""
    helped = processes([str(app / "entrypoint"), word])
    assert helped.wait(timeout_s=30) == 0
    for role in (
        "demo",
        "readers",
        "publisher",
        "monitor",
        "check",
        "keys",
        "tail",
        "top",
        "drain",
    ):
        assert f"\n  {role} " in helped.output()


@pytest.mark.parametrize("word", ["reders", "--version", "/nowhere/python"])
def test_an_unknown_role_is_refused(processes: StartProcess, app: Path, word: str) -> None:
    """With the list of roles."""
    refused = processes([str(app / "entrypoint"), word])
    assert refused.wait(timeout_s=30) == 2
    first, *rest = refused.output().splitlines()
    assert first == f'"{word}" is neither a role nor a program of this image. Usage:'
    assert any(line.startswith("  readers ") for line in rest)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["tail", "--help"], r"usage: twitch-ingestion tail"),
        (["keys", "--help"], r"usage: twitch-ingestion keys"),
        (["channels", "--help"], r"usage: twitch-ingestion channels"),
        (["drain", "--help"], r"usage: twitch-ingestion drain"),
        (["demo", "--help"], r"usage: twitch-ingestion demo"),
        (["reader", "--help"], r"usage: python -m readers"),
        (["publisher", "tail", "--help"], r"usage: python -m publisher tail"),
        (["auth", "login", "--help"], r"usage: python -m auth login"),
        (["monitor", "--help"], r"usage: python -m monitor"),
        (["top", "--help"], r"usage: twitch-ingestion top"),
        (["python", "-m", "common.keys", "--help"], r"usage: python -m common\.keys"),
        (["twitch-ingestion", "--version"], r"twitch-ingestion \d"),
        (["sh", "-c", "echo $0 is a shell"], r"sh is a shell"),
    ],
    ids=lambda words: "-".join(words) if isinstance(words, list) else "",
)
def test_roles_and_other_programs_are_run(
    processes: StartProcess, app: Path, words: list[str], line: str
) -> None:
    """A role with its arguments, and any program of the image."""
    program = processes([str(app / "entrypoint"), *words])
    assert program.wait(timeout_s=60) == 0
    wait_for_line(program, line, timeout_s=0)


def test_the_demo_is_healthy_and_shows_messages(processes: StartProcess, app: Path) -> None:
    """Without a setting."""
    tail = "STATE_DIR=var/demo KAFKA_BROKERS=embedded ./entrypoint tail --json"
    check = f"{_UNTIL_LIVE}; echo is healthy; {tail}"
    demo = processes(container(app, "demo", check))
    wait_for_line(demo, r"^is healthy$", timeout_s=80)
    message = wait_for_line(demo, r"^\{.*\}$", timeout_s=30)[0]
    assert decode_chat_message(message).username


def test_a_program_that_cannot_run_is_told_and_is_no_reason_for_a_restart(
    processes: StartProcess, app: Path
) -> None:
    """The setting would still be wrong, and readers would miss messages."""
    (app / ".env").write_text("KAFKA_CONF_NO_SUCH_PROPERTY=1\n")
    wrong = '"publisher":"its process does not run"'
    # Both at once: the monitor may learn from supervisord later that it restarts programs.
    check = f"until ./healthcheck > health && grep -F '{wrong}' health; do sleep 0.2; done"
    image = {"RUN_AUTH": "1", "RUN_PUBLISHER": "1", **_ANY_PORT}
    everything = processes(container(app, "", f"{check}; echo is healthy"), image)
    wait_for_line(everything, r"^is healthy$", timeout_s=90)


def test_a_container_whose_monitor_hangs_is_unhealthy(processes: StartProcess, app: Path) -> None:
    """supervisord restarts one that has ended, but not one that hangs."""
    check = (
        f"{_UNTIL_LIVE};"
        " kill -STOP $(pgrep -f '[-]m monitor'); timeout 2 ./healthcheck; echo status $?"
    )
    readers = processes(container(app, "readers", check), _ANY_PORT)
    assert wait_for_line(readers, r"^status (\d+)$", timeout_s=90)[1] == "124"
