"""`scripts/run` in a fresh clone, and `scripts/dev`, which restarts it."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from common.chat_message import decode_chat_message
from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SETTINGS
from tests.process_table import running_processes
from tests.processes import (
    REPOSITORY,
    Process,
    StartProcess,
    started_processes,
    wait_for,
    wait_for_line,
)
from tests.topics import kcat_read, read_topic

_WHERE_TO_LOOK = r"^ +KAFKA_BROKERS=(\S+) .*python -m publisher tail\n +kcat -b (\S+) -t (\S+) -C$"

#: The last line that the script prints when everything runs.
_STARTED = "Ctrl-C stops everything.\n"

#: What leads somewhere else, in the environment and in .env.
_DECOYS = {
    "TWITCH_CHANNELS": "decoy",
    "TWITCH_IRC_HOST": "nowhere.invalid",
    "TWITCH_OAUTH_TOKEN": "oauth:decoy",
    "KAFKA_BROKERS": "nowhere.invalid:9092",
    "KAFKA_CONF_SECURITY_PROTOCOL": "SASL_SSL",
    "PUBLISHER_ENDPOINT": "tcp://nowhere.invalid:5557",
}


@pytest.fixture
def clone(short_folder: Path) -> Path:
    """Return a copy of what the script needs, with this environment as the one it has installed."""
    folder = short_folder / "clone"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("scripts", "simulator"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=ignore)
    for name in ("supervisord.conf", "programs.conf", "setup.cfg", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, folder)
    (folder / "channels.conf").write_text("decoy\n")
    environment = folder / ".venv"
    environment.mkdir()
    for entry in Path(sys.prefix).iterdir():
        (environment / entry.name).symlink_to(entry)
    requirements = (folder / "setup.cfg").read_bytes() + (folder / "pyproject.toml").read_bytes()
    for extra in ("simulator", "dev"):
        stamp = environment / f"installed-{extra}"
        stamp.unlink(missing_ok=True)
        stamp.write_bytes(requirements)
    return folder


@pytest.fixture
def run(clone: Path) -> Iterator[StartProcess]:
    """Return a function that starts programs in the clone, where nothing can be installed."""
    with started_processes(clone) as start:
        yield lambda arguments, environment=None: start(
            arguments, {"PIP_NO_INDEX": "1", **(environment or {})}
        )


def where_to_look(script: Process) -> tuple[str, str]:
    """Return Kafka's address and the topic, which the script prints once all is up."""
    match = wait_for_line(script, _WHERE_TO_LOOK, timeout_s=40)
    return match[2], match[3]


def press_ctrl_c(script: Process) -> None:
    """Do what the terminal does: signal the whole process group in the foreground."""
    os.killpg(script.pid, signal.SIGINT)


def left_of(script: Process) -> list[str]:
    """Return the commands of all that still runs of what *script* has started."""
    return [p.command() for p in running_processes() if p.session == script.pid]


def test_the_demo_puts_the_chat_of_three_channels_into_kafka(
    run: StartProcess, clone: Path
) -> None:
    """Whatever else is set. Ctrl-C ends all of it within 5 s, and it starts again at once."""
    (clone / ".env").write_text("".join(f"{name}={value}\n" for name, value in _DECOYS.items()))
    for _ in range(2):
        script = run(["scripts/run", "--demo"], _DECOYS)
        address, topic = where_to_look(script)
        records = read_topic(address, topic, count=30, timeout_s=30)
        messages = [decode_chat_message(record.value) for record in records]
        assert len({message.channel_id for message in messages}) == 3
        assert "decoy" not in script.output()
        press_ctrl_c(script)
        assert script.wait(timeout_s=5) == 0
        assert left_of(script) == []


def test_the_messages_of_the_demo_are_seen_as_it_says(run: StartProcess) -> None:
    """`publisher tail`, without any setting too, and `kcat`, print ChatMessages."""
    script = run(["scripts/run", "--demo"])
    address, topic = where_to_look(script)
    tail = run([".venv/bin/python", "-m", "publisher", "tail"])
    line = wait_for_line(tail, r"^\{.*\}$", timeout_s=20)[0]
    assert decode_chat_message(line).username
    [record, *_] = kcat_read(address, topic, count=1)
    assert decode_chat_message(record.value).username
    assert script.stop(timeout_s=5) == 0


def test_a_second_start_says_that_the_first_one_runs(run: StartProcess) -> None:
    """In either mode: one line, with what stops the first one, and that does."""
    script = run(["scripts/run", "--demo"])
    where_to_look(script)
    for arguments in (["--demo"], ["xqc"]):
        second = run(["scripts/run", *arguments])
        assert second.wait(timeout_s=20) == 1
        assert second.output().startswith("Already running in var/demo (process ")
    shutdown = second.output().partition("To stop it: ")[2].split()
    assert run(shutdown).wait(timeout_s=20) == 0
    assert script.wait(timeout_s=10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_end_of_the_script_is_the_end_of_all(run: StartProcess, number: signal.Signals) -> None:
    """Also when it is told to stop (SIGTERM), and when its terminal is closed (SIGHUP to all)."""
    script = run(["scripts/run", "--demo"])
    where_to_look(script)
    if number == signal.SIGHUP:
        os.killpg(script.pid, number)
    else:
        script.send(number)
    assert script.wait(timeout_s=5) == 0
    assert left_of(script) == []


def test_it_reads_the_channels_it_is_given_and_no_other(run: StartProcess, clone: Path) -> None:
    """Into the embedded Kafka, which it says, with the rest of the settings from .env."""
    with BackgroundChatServer() as twitch:
        settings = SETTINGS.format(port=twitch.port)
        settings = settings.replace("KAFKA_BROKERS=embedded", "TWITCH_CHANNELS=decoy")
        (clone / ".env").write_text(settings)
        script = run(["scripts/run", "xqc", "#Shroud"])
        for channel in ("xqc", "shroud"):
            twitch.run(twitch.server.wait_for_join(channel, timeout_s=30))
        address, topic = where_to_look(script)
        twitch.run(twitch.server.say("shroud", "hello there"))
        [record] = read_topic(address, topic, count=1, timeout_s=20)
        assert decode_chat_message(record.value).message == "hello there"
        assert "the embedded Kafka" in script.output()
        assert "decoy" not in script.output()
        press_ctrl_c(script)
        assert script.wait(timeout_s=5) == 0


def test_it_uses_the_kafka_that_is_set(run: StartProcess, clone: Path) -> None:
    """What .env says about brokers and topic is where it says to look."""
    settings = SETTINGS.format(port=1).replace("embedded", "127.0.0.1:1")
    (clone / ".env").write_text(f"{settings}KAFKA_TOPIC_CHAT_MESSAGES=talk\n")
    script = run(["scripts/run", "xqc"])
    assert where_to_look(script) == ("127.0.0.1:1", "talk")
    assert "the embedded Kafka" not in script.output()
    assert script.stop(timeout_s=10) == 0


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["--nonsense"], 2), (["--help"], 0)])
def test_it_says_how_it_is_used(run: StartProcess, arguments: list[str], status: int) -> None:
    """Without channels, with an unknown option, and when asked."""
    script = run(["scripts/run", *arguments])
    assert script.wait(timeout_s=10) == status
    assert "scripts/run --demo" in script.output()


def test_dev_restarts_the_service_on_a_change(run: StartProcess, clone: Path) -> None:
    """Every change does, also of a file that an editor replaces. Ctrl-C leaves no process."""
    for folder in ("auth", "common", "publisher", "readers"):
        (clone / folder).mkdir()
    script = run(["scripts/dev", "--demo"])
    where_to_look(script)
    for starts in (2, 3):
        (clone / "new").write_text((clone / "supervisord.conf").read_text())
        (clone / "new").rename(clone / "supervisord.conf")
        wait_for(partial(_has_started, script, starts), timeout_s=40, what="a restart")
    assert script.output().count("Changed: supervisord.conf\n") == 2
    press_ctrl_c(script)
    # supervisord kills a reader after 15 s if the signal reached it before its handler was set.
    assert script.wait(timeout_s=30) == 0
    assert left_of(script) == []


def _has_started(script: Process, times: int) -> bool:
    return script.output().count(_STARTED) == times
