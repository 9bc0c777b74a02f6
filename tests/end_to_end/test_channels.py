"""`twitch-ingestion channels` with a running supervisord."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from common import exit_codes
from readers.supervision.applied_channels import APPLIED_CHANNELS, applying
from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import (
    SupervisedService,
    connections,
    prepare,
    wait_until_joined,
)
from tests.processes import StartProcess, python_module, wait_for, wait_for_line

CHANNELS = ["xqc", "shroud", "forsen"]


@pytest.fixture
def folder(short_folder: Path, twitch: BackgroundChatServer) -> Path:
    """Return a folder for supervisord with the channels xqc, shroud and forsen."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n#shroud\ntwitch.tv/Forsen\n")
    return short_folder


@pytest.fixture
def service(processes: StartProcess, folder: Path) -> SupervisedService:
    """Return a supervisord that runs the readers of these channels."""
    running = SupervisedService(processes, folder)
    running.wait_for_readers(CHANNELS)
    return running


def test_an_edit_starts_and_stops_only_the_readers_of_changed_channels(
    service: SupervisedService, twitch: BackgroundChatServer
) -> None:
    """Other readers keep their processes and connections; the publisher keeps running."""
    before = service.programs()
    wait_until_joined(twitch, *CHANNELS)
    kept = connections(twitch, "xqc", "forsen")

    applied = service.read("forsen, FORSEN\n# shroud\nxqc  # stays\nsummit1g\n")

    assert applied.stdout == "started: summit1g\nstopped: shroud\nkept running: 2\n"
    assert applied.returncode == exit_codes.OK
    after = service.wait_for_readers(["xqc", "forsen", "summit1g"])
    wait_until_joined(twitch, "summit1g")
    for name in ("publisher", "reader-xqc", "reader-forsen"):
        assert after[name] == before[name]
    assert connections(twitch, "xqc", "forsen") == kept
    wait_for(lambda: not connections(twitch, "shroud"), 60, "the end of the stopped reader")
    pages = {"reader-xqc", "reader-forsen", "reader-summit1g"}
    assert pages <= service.pages()
    assert "reader-shroud" not in service.pages()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"xqc\nshr0ud\n# f\xfcr mich\n", "line 3: byte 0xfc is not valid UTF-8"),
        (b"", "channels.conf is missing or empty"),
        (b"\r\n \n", "channels.conf is missing or empty"),
        (None, "there is no channels.conf in "),
        (b"xqc\nshr@ud\n", "line 2: 'shr@ud' is not a channel"),
    ],
)
def test_a_damaged_file_stops_no_reader(
    service: SupervisedService, content: bytes | None, error: str
) -> None:
    """It is not taken for a shorter list. The command says what is wrong, and fails."""
    before = service.programs()
    path = service.folder / "channels.conf"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    applied = service.channels("apply")
    assert error in applied.stdout
    assert "no reader is stopped, because" in applied.stdout
    assert applied.returncode == exit_codes.SETTINGS
    assert service.wait_for_readers(CHANNELS) == before


def test_with_a_wrong_line_readers_are_added_until_it_is_corrected(
    service: SupervisedService,
) -> None:
    """The wrong line may mean one of those that run. Once it is correct, all changes are made."""
    before = service.programs()
    applied = service.read("xqc\nshr@ud\nsummit1g\n")
    assert "not named: forsen, shroud\n" in applied.stdout
    after = service.wait_for_readers([*CHANNELS, "summit1g"])
    assert after["reader-shroud"] == before["reader-shroud"]
    assert after["reader-forsen"] == before["reader-forsen"]
    assert service.read("xqc\nshroud\nsummit1g\n").returncode == exit_codes.OK
    last = service.wait_for_readers(["xqc", "shroud", "summit1g"])
    assert last["reader-shroud"] == before["reader-shroud"]
    assert last["reader-summit1g"] == after["reader-summit1g"]


def test_two_at_a_time_apply_one_after_the_other(
    service: SupervisedService, processes: StartProcess
) -> None:
    """Each applies what the file says when its turn has come."""
    path = service.folder / "channels.conf"
    waiting = "waiting for another `channels apply`\n"
    with applying(service.folder, within_s=0, on_wait=lambda: None):
        path.write_text("xqc\nlirik\n")
        both = [processes(python_module("twitch_ingestion", "channels", "apply")) for _ in range(2)]
        for one in both:
            wait_for_line(one, waiting, 30)
        path.write_text("xqc\nsummit1g\n")
    assert [one.wait(60) for one in both] == [exit_codes.OK, exit_codes.OK]
    assert sorted(one.output() for one in both) == [
        f"{waiting}started: none\nstopped: none\nkept running: 2\n",
        f"{waiting}started: summit1g\nstopped: forsen, shroud\nkept running: 1\n",
    ]
    service.wait_for_readers(["xqc", "summit1g"])


def test_a_file_of_comments_stops_all_readers_but_not_the_publisher(
    service: SupervisedService,
) -> None:
    """The publisher's process stays the same; the command says that there is no channel."""
    before = service.programs()
    applied = service.read("# none\n")
    assert "no channel to read" in applied.stdout
    assert applied.returncode == exit_codes.OK
    assert service.wait_for_readers([])["publisher"] == before["publisher"]


def test_a_dry_run_shows_what_would_change_and_changes_nothing(service: SupervisedService) -> None:
    """It lists channels that would start, stop and stay. Every process keeps running."""
    service.control("stop", "reader-xqc")
    before = service.programs()
    applied = (service.folder / APPLIED_CHANNELS).read_text()
    (service.folder / "channels.conf").write_text("xqc\nshroud\nsummit1g\n")
    assert service.dry_run() == (
        "would start: summit1g\n"
        "would stop: forsen\n"
        "would start again: xqc (STOPPED)\n"
        "would keep running: shroud\n"
    )
    assert service.programs() == before
    assert (service.folder / APPLIED_CHANNELS).read_text() == applied


def test_a_reader_that_was_stopped_is_listed_and_started_again(service: SupervisedService) -> None:
    """channels.conf wants it, so `apply` starts it, whoever stopped it."""
    before = service.programs()
    service.control("stop", "reader-xqc")
    seen = service.channels("list")
    assert seen.stdout.splitlines()[2].startswith("xqc                       STOPPED")
    assert seen.returncode == exit_codes.FAILURE
    applied = service.channels("apply")
    assert applied.stdout == "started: none\nstopped: none\nstarted again: xqc\nkept running: 2\n"
    assert applied.returncode == exit_codes.OK
    after = service.wait_for_readers(CHANNELS)
    assert after["reader-xqc"] != before["reader-xqc"]
    assert after["reader-forsen"] == before["reader-forsen"]


def test_a_reader_that_cannot_start_is_named(service: SupervisedService) -> None:
    """The command waits for it. All others are started."""
    (service.folder / "programs.conf").write_text("[program:reader-broken]\ncommand=false\n")
    applied = service.read("\n".join([*CHANNELS, "broken", "summit1g"]))
    assert "started: summit1g\n" in applied.stdout
    assert "\nbroken is not read: its reader is " in applied.stdout
    assert applied.returncode == exit_codes.FAILURE
    seen = service.channels("list")
    assert seen.stdout.splitlines()[0].startswith("broken  ")
    assert seen.returncode == exit_codes.FAILURE


def test_a_reader_that_gives_up_is_named_and_started_once_its_cause_is_gone(
    service: SupervisedService,
) -> None:
    """supervisord does not try it again, so `apply` does."""
    damage = service.folder / "var" / "outbox" / "broken.db"
    damage.mkdir()
    applied = service.read("\n".join([*CHANNELS, "broken"]))
    assert "\nbroken is not read: its reader is FATAL (" in applied.stdout
    assert applied.returncode == exit_codes.FAILURE
    damage.rmdir()
    applied = service.channels("apply")
    assert "started again: broken\n" in applied.stdout
    assert applied.returncode == exit_codes.OK


def test_a_reader_that_cannot_be_started_again_is_named(service: SupervisedService) -> None:
    """supervisord refuses to start it. The command goes on with the others."""
    (service.folder / "programs.conf").write_text(
        "[program:reader-broken]\ncommand=/nowhere/python\nstartretries=0\n"
    )
    service.read("\n".join([*CHANNELS, "broken"]))
    wait_for(lambda: service.programs()["reader-broken"].state == "FATAL", 60, "FATAL")
    service.control("stop", "reader-xqc")
    applied = service.channels("apply")
    assert "started again: xqc\n" in applied.stdout
    assert "\nbroken is not read: its reader is FATAL" in applied.stdout
    assert applied.returncode == exit_codes.FAILURE


def test_a_full_disk_is_named_and_changes_nothing(service: SupervisedService) -> None:
    """Else supervisord would not know at its next start what has been applied."""
    before = service.programs()
    (service.folder / "channels.conf").write_text("xqc\nsummit1g\n")
    # No file may grow: what the system says then has no path in it, as with a full disk.
    applied = service.run("sh", "-c", f"ulimit -f 0; '{sys.executable}' -m readers.channels")
    assert applied.stdout == (
        "cannot write var/channels.applied, so nothing is changed: File too large\n"
    )
    assert applied.returncode == exit_codes.FAILURE
    assert service.programs() == before


def test_list_compares_the_file_with_the_readers(service: SupervisedService) -> None:
    """It says what is not applied yet, and which readers are not wanted any more."""
    wait_for(
        lambda: service.channels("list").returncode == 0, 30, "all readers to count as RUNNING"
    )
    (service.folder / "channels.conf").write_text("xqc\nforsen\nsummit1g\n")
    seen = service.channels("list")
    states = [line.split(maxsplit=1) for line in seen.stdout.splitlines()]
    assert [channel for channel, _ in states[:4]] == ["forsen", "shroud", "summit1g", "xqc"]
    assert states[0][1].startswith("RUNNING since 20")
    assert states[1][1].endswith(", not in channels.conf")
    assert states[2][1] == "not applied yet"
    assert "channels.conf is not applied: run `" in seen.stdout
    assert seen.returncode == exit_codes.FAILURE


def test_the_environment_of_supervisord_counts_not_that_of_the_shell(
    processes: StartProcess, folder: Path
) -> None:
    """Else `apply` in another terminal would stop the channels that it names."""
    with_channel = {"TWITCH_CHANNELS": "summit1g"}
    service = SupervisedService(
        lambda arguments, _=None: processes(arguments, with_channel), folder
    )
    service.wait_for_readers([*CHANNELS, "summit1g"])
    apply = (sys.executable, "-m", "twitch_ingestion", "channels", "apply", "--dry-run")
    shown = service.run("env", "TWITCH_CHANNELS=decoy", *apply).stdout
    assert "TWITCH_CHANNELS of this shell is ignored: supervisord has its own" in shown
    assert "would start: none\nwould stop: none\n" in shown
    assert "is ignored" not in service.run("env", "TWITCH_CHANNELS=summit1g", *apply).stdout


def test_a_supervisord_of_an_earlier_version_is_not_changed(
    processes: StartProcess, folder: Path
) -> None:
    """It has another way to know its readers, and would stop them all."""
    path = folder / "supervisord.conf"
    factory = "supervisor.rpcinterface_factory=readers.channels_at_start:extend"
    ours = f"[rpcinterface:channels]\n{factory}\n"
    text = path.read_text()
    assert ours in text
    program = "[program:reader-xqc]\ncommand=python3 -m readers xqc\ndirectory=%(here)-s\n"
    path.write_text(text.replace(ours, program))
    service = SupervisedService(processes, folder)
    wait_for(
        lambda: getattr(service.programs().get("reader-xqc"), "state", "") == "RUNNING",
        60,
        "the reader to run",
    )
    path.write_text(text)
    applied = service.channels("apply")
    assert "started by an earlier version" in applied.stdout
    assert applied.returncode == exit_codes.FAILURE
    assert service.programs()["reader-xqc"].state == "RUNNING"
