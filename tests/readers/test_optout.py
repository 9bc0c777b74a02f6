"""`twitch-ingestion optout` without a publisher, or with one that takes no events."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from common.frames import Kind, Record
from common.opt_out import OptOut, decode_opt_out
from readers.outbox.outbox import Outbox
from tests.other_user import give_to_other_user
from tests.processes import Process, StartProcess, python_module, wait_for_line
from tests.readers.link.acting_publisher import Publisher
from tests.readers.outboxes import batches_after

WITHIN_S = 60


@pytest.fixture
def path(short_folder: Path) -> Path:
    """Return the path of optout.conf in the folder of an installation, where the command runs."""
    (short_folder / "channels.conf").touch()
    return short_folder / "optout.conf"


def optout(processes: StartProcess, *arguments: str) -> Process:
    """Start the command; nobody answers where it sends to."""
    nobody = {
        "PUBLISHER_ENDPOINT": "tcp://127.0.0.1:9",
        "PUBLISHER_ACK_ENDPOINT": "tcp://127.0.0.1:9",
    }
    return processes(python_module("readers.optout", *arguments), nobody)


def waiting(folder: Path) -> list[Record]:
    """Return the records in the outbox of the command."""
    outbox = Outbox(folder / "var" / "outbox" / "opt-out.db", "opt-out", 10**9)
    try:
        batches = list(batches_after(outbox, 0))
    finally:
        outbox.close()
    assert {batch.kind for batch in batches} <= {Kind.EVENT}
    return [record for batch in batches for record in batch.records]


def test_without_a_publisher_the_record_waits(processes: StartProcess, path: Path) -> None:
    """The line is there at once. Nothing that is said names anybody."""
    path.write_text("# by mail:\nbob # since May\n123\n\nnot a name")
    path.chmod(0o604)
    command = optout(processes, "--within", "0", "@ShyOne", "4711", "bob")
    assert command.wait(WITHIN_S) == 1
    assert path.read_text() == "# by mail:\nbob # since May\n123\n\nnot a name\nshyone\n4711\n"
    assert path.stat().st_mode & 0o777 == 0o604
    assert "not published within 0 s: 3 records wait in " in command.output()
    assert "drain` sends them" in command.output()
    assert "2 added, 1 there already" in command.output()
    assert "shyone" not in command.output().lower()
    assert "4711" not in command.output()
    records = waiting(path.parent)
    assert [record.key for record in records] == [b"shyone", b"4711", b"bob"]
    assert len({record.id for record in records}) == 3
    made = [decode_opt_out(record.value) for record in records]
    assert [(one.user_id, one.username) for one in made] == [
        ("", "shyone"),
        ("4711", ""),
        ("", "bob"),
    ]
    assert [one.timestamp for one in made] == [record.timestamp for record in records]
    assert made[0] == OptOut(username="shyone", timestamp=records[0].timestamp)


def test_a_kill_loses_nothing(processes: StartProcess, path: Path) -> None:
    """Once the command says that it publishes, the record is in the outbox."""
    command = optout(processes, "4711")
    wait_for_line(command, "publishing 1 records", WITHIN_S)
    command.send(signal.SIGKILL)
    command.wait(WITHIN_S)
    assert path.read_text() == "4711\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [record.key for record in waiting(path.parent)] == [b"4711"]


def test_people_are_removed_again(processes: StartProcess, path: Path) -> None:
    """However the line is written. Nothing is published."""
    path.write_bytes("# é\r\nbob\r\n  @ShyOne # by mail\r\nshyone\r\n4711\r\n".encode("latin-1"))
    command = optout(processes, "--remove", "shyONE", "999")
    assert command.wait(WITHIN_S) == 0
    assert path.read_bytes() == "# é\r\nbob\r\n4711\r\n".encode("latin-1")
    assert "1 removed, 1 not there" in command.output()
    assert not (path.parent / "var" / "outbox").exists()


@pytest.mark.parametrize("people", [["ann bob"], ["é"], [], ["a" * 26]])
def test_a_wrong_name_changes_nothing(
    processes: StartProcess, path: Path, people: list[str]
) -> None:
    """As argparse says it."""
    assert optout(processes, *people, "--within", "0").wait(WITHIN_S) == 2
    assert not path.exists()


@pytest.mark.parametrize("option", [[], ["--remove"]])
def test_nothing_is_changed_in_a_wrong_folder(
    processes: StartProcess, path: Path, option: list[str]
) -> None:
    """No reader looks at a file there: the person would be recorded in spite of it."""
    (path.parent / "channels.conf").unlink()
    command = optout(processes, "4711", "--within", "0", *option)
    assert command.wait(WITHIN_S) == 78
    assert "Run this command in the folder of the installation" in command.output()
    assert not path.exists()
    assert not (path.parent / "var").exists()


@pytest.mark.parametrize("sign", ["a link to the volume", "outboxes"])
def test_a_container_names_its_channels_in_the_environment(
    processes: StartProcess, path: Path, sign: str
) -> None:
    """What tells the folder there is the link, even if nobody has opted out, or the outboxes."""
    (path.parent / "channels.conf").unlink()
    if sign == "outboxes":
        (path.parent / "var" / "outbox").mkdir(parents=True)
    else:
        path.symlink_to("var/optout/optout.conf")
    assert optout(processes, "4711", "--within", "0").wait(WITHIN_S) == 1
    assert path.read_text() == "4711\n"


def test_a_file_that_cannot_be_changed_is_wrong(processes: StartProcess, path: Path) -> None:
    """A person has to correct that. Nothing is published."""
    path.mkdir()
    command = optout(processes, "4711")
    assert command.wait(WITHIN_S) == 78
    assert f"cannot change {path}: Not a regular file" in command.output()
    assert not (path.parent / "var" / "outbox").exists()


def test_root_leaves_no_file_that_readers_cannot_read(processes: StartProcess, path: Path) -> None:
    """They would not start."""
    (path.parent / "var").mkdir()
    give_to_other_user(path.parent / "var")
    command = optout(processes, "4711")
    assert command.wait(WITHIN_S) == 78
    assert "Run this as " in command.output()
    assert not path.exists()


async def test_a_publisher_that_takes_no_events_is_told_of(
    processes: StartProcess, path: Path
) -> None:
    """Waiting would not help, so nothing waits in the outbox."""
    publisher = Publisher()
    environment = {
        "PUBLISHER_ENDPOINT": publisher.address.batches,
        "PUBLISHER_ACK_ENDPOINT": publisher.address.acknowledgements,
    }
    command = processes(python_module("readers.optout", "4711"), environment)
    await publisher.refuse_events()
    assert await asyncio.to_thread(command.wait, WITHIN_S) == 1
    publisher.close()
    assert "the publisher takes no events, so nothing was published" in command.output()
    assert not waiting(path.parent)
