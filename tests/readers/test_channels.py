"""What supervisord runs for each channel, and `twitch-ingestion channels` without a supervisord."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions

from common import exit_codes
from readers import wanted_channels
from readers.supervision import programs
from readers.supervision.applied_channels import (
    APPLIED_CHANNELS,
    read_applied_channels,
    write_applied_channels,
)
from readers.supervision.channels_file import ChannelsFileError, NoChannelsFileError
from readers.supervision.programs import reader_groups
from tests.processes import REPOSITORY, Process, StartProcess, python_module


def options_of(folder: Path, included: str) -> Any:
    """Return the options of a supervisord whose programs.conf is *included*."""
    (folder / "var").mkdir()
    shutil.copy(REPOSITORY / "supervisord.conf", folder)
    (folder / "programs.conf").write_text(included)
    options = ServerOptions()
    options.realize(["-c", str(folder / "supervisord.conf")])
    return options


def run_channels(processes: StartProcess, *arguments: str, **environment: str) -> Process:
    """Run `channels` with *arguments* in the folder of *processes* until it ends."""
    command = processes(python_module("twitch_ingestion", "channels", *arguments), environment)
    command.wait(timeout_s=60)
    return command


def test_every_channel_has_a_program_as_if_it_came_from_a_file(tmp_path: Path) -> None:
    """Else `supervisorctl update` would find it changed, and restart every reader."""
    text = programs._PROGRAM.replace("[program:reader-]", "[program:reader-xqc]").replace(
        "python3 -m readers\n", "python3 -m readers xqc\n"
    )
    options = options_of(tmp_path, f"[supervisord]\nenvironment=A=1\n{text}")
    from_file = [group for group in options.process_group_configs if group.name == "reader-xqc"]
    options.process_group_configs.clear()
    groups = reader_groups(options, ["xqc", "shroud"])
    assert [group for group in groups if group.name == "reader-xqc"] == from_file
    assert {program.command for group in groups for program in group.process_configs} == {
        "python3 -m readers xqc",
        "python3 -m readers shroud",
    }
    assert from_file[0].process_configs[0].directory == str(tmp_path)


def test_the_text_of_a_program_is_read_once_for_all_channels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each of a thousand, `channels apply` would take supervisord a quarter of a second."""
    options = options_of(tmp_path, "")
    read: list[str] = []
    from_section = options.processes_from_section

    def counted(parser: Any, section: str, *arguments: Any) -> Any:
        read.append(section)
        return from_section(parser, section, *arguments)

    monkeypatch.setattr(options, "processes_from_section", counted)
    groups = reader_groups(options, ["xqc", "shroud", "forsen"])
    assert [group.name for group in groups] == ["reader-forsen", "reader-shroud", "reader-xqc"]
    assert len(read) == 1


def test_a_program_that_the_operator_defines_is_not_replaced(tmp_path: Path) -> None:
    """Also if it has no process: then that channel is not read on this host."""
    options = options_of(tmp_path, "[program:reader-xqc]\nnumprocs=0\n")
    assert [group.name for group in reader_groups(options, ["xqc", "shroud"])] == ["reader-shroud"]


def test_applied_channels_are_read_as_they_were_written(tmp_path: Path) -> None:
    """The file says that edits are lost."""
    with pytest.raises(NoChannelsFileError):
        read_applied_channels(tmp_path)
    write_applied_channels(tmp_path, {"xqc", "shroud"})
    assert read_applied_channels(tmp_path).channels == ("shroud", "xqc")
    write_applied_channels(tmp_path, set())
    assert read_applied_channels(tmp_path).channels == ()
    (tmp_path / APPLIED_CHANNELS).write_text("")
    with pytest.raises(ChannelsFileError, match="is empty"):
        read_applied_channels(tmp_path)


def test_applied_channels_of_a_newer_release_are_not_guessed(tmp_path: Path) -> None:
    """What a line of its file means is not known here. Versions of this release are read."""
    write_applied_channels(tmp_path, {"xqc"})
    path = tmp_path / APPLIED_CHANNELS
    newer = path.read_text().replace("Version 1", "Version 2").replace("xqc", "xqc, eventsub")
    path.write_text(newer)
    with pytest.raises(ChannelsFileError, match=r"newer release \(its version is 2, this release"):
        read_applied_channels(tmp_path)


@pytest.mark.parametrize("command", ["apply", "list"])
def test_without_supervisord_the_command_fails_and_changes_nothing(
    processes: StartProcess, short_folder: Path, command: str
) -> None:
    """The error names the address that was tried, and no file is written."""
    (short_folder / "channels.conf").write_text("xqc\n")
    ended = run_channels(processes, command)
    assert ended.status == exit_codes.FAILURE
    address = f"unix://{short_folder}/var/supervisor.sock"
    assert f"cannot reach supervisord at {address}" in ended.output()
    assert "Traceback" not in ended.output()
    assert (command == "list") == ("xqc " in ended.output())
    assert not (short_folder / "var").exists()


def test_the_earlier_command_applies_too(processes: StartProcess, short_folder: Path) -> None:
    """`python -m readers.channels` is `channels apply`."""
    (short_folder / "channels.conf").write_text("xqc\n")
    command = processes(python_module("readers.channels", "--dry-run"))
    assert command.wait(timeout_s=60) == exit_codes.FAILURE
    assert "cannot reach supervisord" in command.output()


def test_check_needs_no_supervisord(processes: StartProcess, short_folder: Path) -> None:
    """It counts the channels of the file and the settings."""
    (short_folder / "channels.conf").write_text("xqc, #shroud\n")
    (short_folder / ".env").write_text("TWITCH_CHANNELS=xqc, forsen\n")
    command = run_channels(processes, "check")
    assert command.status == exit_codes.OK
    assert command.output() == "channels.conf and the settings name 3 channels\n"


def test_check_fails_if_there_is_no_file_and_no_channel(
    processes: StartProcess, short_folder: Path
) -> None:
    """It may be the wrong folder. A container names its channels in the environment."""
    command = run_channels(processes, "check")
    assert command.status == exit_codes.SETTINGS
    assert f"there is no channels.conf in {short_folder}" in command.output()
    assert run_channels(processes, "check", TWITCH_CHANNELS="xqc").status == exit_codes.OK


def test_check_names_a_wrong_setting(processes: StartProcess, short_folder: Path) -> None:
    """With it, no reader starts."""
    (short_folder / "channels.conf").write_text("xqc\n")
    command = run_channels(processes, "check", LOG_LEVEL="loud")
    assert command.status == exit_codes.SETTINGS
    assert "LOG_LEVEL holds 'loud'" in command.output()


def test_bad_names_are_reported_with_their_place(
    processes: StartProcess, short_folder: Path
) -> None:
    """A name in the file is reported with its line, a name in the environment with its variable."""
    (short_folder / "channels.conf").write_bytes(b"\xef\xbb\xbfxqc\nno, ch@nnel\n??\n")
    command = run_channels(
        processes, "check", TWITCH_CHANNELS="shroud b@d", TWITCH_CHANNEL="worse!"
    )
    assert "channels.conf, line 2: 'ch@nnel' is not a channel" in command.output()
    assert "channels.conf, line 3: " in command.output()
    assert "TWITCH_CHANNELS: 'b@d' is not a channel" in command.output()
    assert "TWITCH_CHANNEL: 'worse!' is not a channel" in command.output()
    assert "line 1:" not in command.output()
    assert command.status == exit_codes.SETTINGS


def test_only_check_reports_every_wrong_line(processes: StartProcess, short_folder: Path) -> None:
    """Elsewhere, most are counted: the file may be a log, or a web page."""
    (short_folder / "channels.conf").write_text("<br>\n" * 1000)
    command = run_channels(processes, "list")
    assert command.output().count("is not a channel") == wanted_channels.SHOWN_PROBLEMS
    assert f"{1000 - wanted_channels.SHOWN_PROBLEMS} more entries are wrong" in command.output()
    assert run_channels(processes, "check").output().count("is not a channel") == 1000


def test_more_channels_than_an_account_may_read_cause_a_warning(
    processes: StartProcess, short_folder: Path
) -> None:
    """Only if an account is used: Twitch states no limit for anonymous readers."""
    names = "".join(f"channel{number}\n" for number in range(101))
    (short_folder / "channels.conf").write_text(names)
    assert "101 channels, but" not in run_channels(processes, "check").output()
    command = run_channels(processes, "check", TWITCH_USERNAME="me", TWITCH_OAUTH_TOKEN="oauth:abc")
    assert "101 channels, but Twitch lets one account read 100 at a time" in command.output()
    assert command.status == exit_codes.OK


def test_the_shell_completes_the_channels_of_channels_conf(short_folder: Path) -> None:
    """The answer to what argcomplete's shell function asks."""
    (short_folder / "channels.conf").write_text("xqc\nshroud\nxqcow\n")
    line = "twitch-ingestion reader xq"
    finished = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m twitch_ingestion 8>&1 9>&2'],
        cwd=short_folder,
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_IFS": " ",
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert finished.stdout.split() == ["xqc", "xqcow"]
