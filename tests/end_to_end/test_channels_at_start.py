"""supervisord applies channels.conf when it starts, before any program starts."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from common.status.reader_status import reader_page
from readers.supervision.applied_channels import (
    APPLIED_CHANNELS,
    read_applied_channels,
    write_applied_channels,
)
from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SupervisedService, prepare, wait_until_joined
from tests.processes import StartProcess, wait_for, wait_for_line

#: A reader's file of an earlier version.
_EARLIER = """\
[program:reader-{channel}]
command=sh -c "echo reader of an earlier version; exec sleep 1000"
autorestart=unexpected
startretries=1000000
redirect_stderr=true
stdout_logfile=NONE
stdout_events_enabled=true
"""

#: How supervisord's lines about channels begin.
_ERROR, _INFO = (f"{level} +supervisord: channels: " for level in ("ERROR", "INFO"))


@pytest.fixture
def folder(short_folder: Path, twitch: BackgroundChatServer) -> Path:
    """Return a folder for supervisord with the channels xqc and shroud, of which none ran yet."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\nshroud\n")
    return short_folder


def channels_of(output: str) -> set[str]:
    """Return the channels whose readers supervisord has started, according to its *output*."""
    return {text.partition("'")[0] for text in output.split("spawned: 'reader-")[1:]}


def test_a_channel_removed_while_supervisord_was_down_is_not_joined(
    processes: StartProcess, folder: Path, twitch: BackgroundChatServer
) -> None:
    """And one that was added is read at once. What the removed one has left is removed, too."""
    write_applied_channels(folder, {"xqc", "forsen"})
    left = reader_page(folder / "var", "forsen")
    left.parent.mkdir()
    left.touch()
    service = SupervisedService(processes, folder)
    service.wait_for_readers(["xqc", "shroud"])
    wait_until_joined(twitch, "xqc", "shroud")
    assert channels_of(service.supervisord.output()) == {"xqc", "shroud"}
    assert read_applied_channels(folder).channels == ("shroud", "xqc")
    assert service.pages() >= {"reader-xqc", "reader-shroud"}
    assert not left.exists()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("shr@ud\n", "channels.conf, line 1: 'shr@ud' is not a channel"),
        ("", "no reader is stopped, because channels.conf is missing or empty"),
        (None, "no reader is stopped, because channels.conf is missing or empty"),
        ("\0", ".*channels.conf, line 1: a NUL character"),
    ],
)
def test_a_mistake_in_channels_conf_keeps_no_reader_from_starting(
    processes: StartProcess, folder: Path, content: str | None, error: str
) -> None:
    """Those that ran before start. The log says what is wrong."""
    write_applied_channels(folder, {"xqc", "forsen"})
    path = folder / "channels.conf"
    path.unlink() if content is None else path.write_text(content)
    service = SupervisedService(processes, folder)
    wait_for_line(service.supervisord, _ERROR + error, timeout_s=60)
    service.wait_for_readers(["xqc", "forsen"])


def test_with_a_settings_file_that_cannot_be_read_all_readers_are_kept(
    processes: StartProcess, folder: Path
) -> None:
    """`.env` may name channels. Once it is correct, the readers can be started again."""
    write_applied_channels(folder, {"forsen"})
    settings = folder / ".env"
    content = settings.read_text()
    settings.write_text("A='\n")
    service = SupervisedService(processes, folder)
    wait_for_line(service.supervisord, _ERROR + r"line 1 of .*\.env", timeout_s=60)
    wait_for_line(service.supervisord, "spawned: 'reader-forsen'", timeout_s=60)
    assert read_applied_channels(folder).channels == ("forsen", "shroud", "xqc")
    settings.write_text(content)
    service.control("restart", "all")
    service.wait_for_readers(["xqc", "shroud", "forsen"])


def test_a_damaged_list_of_applied_channels_is_named_and_written_again(
    processes: StartProcess, folder: Path
) -> None:
    """What can be read of it counts. Not each of its lines is logged."""
    write_applied_channels(folder, {"forsen"})
    with (folder / APPLIED_CHANNELS).open("a") as file:
        file.write("\x7f\x80\n" * 1000)
    (folder / "channels.conf").write_text("xqc\nshr@ud\n")
    service = SupervisedService(processes, folder)
    error = f"{_ERROR}{folder / APPLIED_CHANNELS}, line 3: "
    wait_for_line(service.supervisord, error, timeout_s=60)
    wait_for_line(service.supervisord, f"{_ERROR}990 more entries are wrong", timeout_s=60)
    service.wait_for_readers(["xqc", "forsen"])
    assert read_applied_channels(folder).problems == ()


@pytest.mark.parametrize("damage", ["forsen\n\x7f\n", "", None])
def test_an_update_of_supervisord_does_not_stop_readers_because_that_list_is_damaged(
    processes: StartProcess, folder: Path, damage: str | None
) -> None:
    """It refuses, and names the file. `channels apply` writes it again."""
    service = SupervisedService(processes, folder)
    before = service.wait_for_readers(["xqc", "shroud"])
    path = folder / APPLIED_CHANNELS
    path.unlink() if damage is None else path.write_text(damage)
    assert f"{path}" in service.control("update")
    assert service.programs() == before
    assert service.channels("apply").returncode == 0
    assert service.control("update") == ""
    assert service.wait_for_readers(["xqc", "shroud"]) == before


def test_readers_survive_an_update_and_a_reload_of_supervisord(
    processes: StartProcess, folder: Path
) -> None:
    """An update changes only what programs.conf says; SIGHUP starts everything again."""
    service = SupervisedService(processes, folder)
    before = service.wait_for_readers(["xqc", "shroud"])
    (folder / "channels.conf").write_text("xqc\nforsen\n")
    (folder / "programs.conf").write_text("[program:auth]\nnumprocs=0\n")
    assert service.control("update") == "auth: stopped\nauth: updated process group\n"
    after = service.programs()
    assert after == {name: program for name, program in before.items() if name != "auth"}
    (folder / "programs.conf").write_text("; none\n")
    service.supervisord.send(signal.SIGHUP)
    service.wait_for_readers(["xqc", "forsen"])


def test_readers_of_an_earlier_version_are_taken_over(
    processes: StartProcess, folder: Path
) -> None:
    """It had a file for each in var/readers. It may have run after this one, for a while."""
    write_applied_channels(folder, {"lirik"})
    earlier = folder / "var" / "readers"
    earlier.mkdir()
    for channel in ("forsen", "summit1g"):
        (earlier / f"reader-{channel}.conf").write_text(_EARLIER.format(channel=channel))
    (earlier / "mine.conf").touch()
    (folder / "channels.conf").write_text("xqc\nshr@ud\n")
    service = SupervisedService(processes, folder)
    before = service.wait_for_readers(["forsen", "summit1g", "xqc"])
    assert "reader of an earlier version" not in service.supervisord.output()
    assert [path.name for path in earlier.iterdir()] == ["mine.conf"]
    assert service.control("update") == ""
    assert service.programs() == before


@pytest.mark.parametrize("is_left_out", [False, True])
def test_a_channel_removed_at_the_update_of_an_earlier_version_is_not_joined(
    processes: StartProcess, folder: Path, is_left_out: bool
) -> None:
    """Nor any channel, if programs.conf leaves out the readers."""
    earlier = folder / "var" / "readers"
    earlier.mkdir()
    (earlier / "reader-forsen.conf").write_text(_EARLIER.format(channel="forsen"))
    if is_left_out:
        (folder / "programs.conf").write_text("[program:channels]\nnumprocs=0\n")
    service = SupervisedService(processes, folder)
    service.wait_for_readers([] if is_left_out else ["xqc", "shroud"])
    assert service.control("update") == ""
    assert "spawned: 'reader-forsen'" not in service.supervisord.output()


def test_an_update_of_the_supervisord_of_an_earlier_version_keeps_its_readers(
    processes: StartProcess, folder: Path
) -> None:
    """It still runs when the files of this version are there already. It has none of our code."""
    earlier = folder / "var" / "readers"
    earlier.mkdir()
    (earlier / "reader-xqc.conf").write_text(_EARLIER.format(channel="xqc"))
    here = (folder / "supervisord.conf").read_text()
    extensions = re.compile(r"^\[rpcinterface:(?!supervisor\]).*\n.*\n", re.MULTILINE)
    (folder / "supervisord.conf").write_text(extensions.sub("", here))
    service = SupervisedService(processes, folder)
    wait_for_line(service.supervisord, "spawned: 'reader-xqc'", timeout_s=60)
    (folder / "supervisord.conf").write_text(here)
    assert service.control("update") == ""
    assert service.programs()["reader-xqc"].state == "RUNNING"


@pytest.mark.parametrize("name", ["readers", "channels"])
def test_a_host_may_leave_out_all_readers(processes: StartProcess, folder: Path, name: str) -> None:
    """`channels` is what an earlier version had. `apply` says why nothing is read."""
    (folder / "programs.conf").write_text(f"[program:{name}]\nnumprocs=0\n")
    service = SupervisedService(processes, folder)
    others = {"auth", "monitor", "publisher"}
    wait_for(lambda: set(service.programs()) == others, 60, "the programs")
    applied = service.channels("apply")
    assert applied.stdout == "programs.conf leaves out the readers of this host\n"
    assert applied.returncode == 78
    assert service.control("update") == ""
    assert set(service.programs()) == others


def test_a_host_without_channels_has_no_readers_and_no_error(
    processes: StartProcess, folder: Path
) -> None:
    """For example one with the publisher: it needs no channels.conf."""
    (folder / "channels.conf").unlink()
    service = SupervisedService(processes, folder)
    wait_for_line(service.supervisord, _INFO + "no channels.conf, so no channel", 60)
    service.wait_for_readers([])
    assert "ERROR" not in service.supervisord.output()
    assert "WARNING supervisord" not in service.supervisord.output()
