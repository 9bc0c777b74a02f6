"""supervisord's configuration files of the readers, and the command that writes them."""

from __future__ import annotations

import configparser
from pathlib import Path

from common import exit_codes
from readers import channels
from readers.supervision.programs import write_reader_programs
from tests.processes import Process, StartProcess, python_module


def programs(folder: Path) -> dict[str, dict[str, str]]:
    """Return the sections of all files in *folder* that supervisord would include."""
    parser = configparser.RawConfigParser()
    parser.read(sorted(folder.glob("*.conf")))
    return {section: dict(parser[section]) for section in parser.sections()}


def run_channels(processes: StartProcess, *arguments: str, **environment: str) -> Process:
    """Run the command in the folder of *processes* until it ends."""
    command = processes(python_module("readers.channels", *arguments), environment)
    command.wait(timeout_s=20)
    return command


def test_every_channel_has_a_program_with_its_name(tmp_path: Path) -> None:
    """Each has one section, with the command that runs that channel's reader."""
    write_reader_programs(tmp_path / "readers", ["xqc", "shroud"])
    found = programs(tmp_path / "readers")
    assert {name: options["command"] for name, options in found.items()} == {
        "program:reader-shroud": "python3 -m readers shroud",
        "program:reader-xqc": "python3 -m readers xqc",
    }


def test_programs_of_removed_channels_are_deleted_and_no_other_file(tmp_path: Path) -> None:
    """A file that is not a reader's program stays."""
    (tmp_path / "simulator.conf").touch()
    (tmp_path / "reader-notes.txt").touch()
    write_reader_programs(tmp_path, ["xqc", "shroud"])
    write_reader_programs(tmp_path, ["xqc"])
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"reader-xqc.conf", "simulator.conf", "reader-notes.txt"}


def test_an_unchanged_program_is_not_rewritten(tmp_path: Path) -> None:
    """Its file keeps its inode. A file that was edited by hand is restored."""
    write_reader_programs(tmp_path, ["xqc", "shroud"])
    kept, edited = tmp_path / "reader-xqc.conf", tmp_path / "reader-shroud.conf"
    inode, content = kept.stat().st_ino, edited.read_bytes()
    edited.write_text("[program:reader-shroud]\ncommand=false\n")
    write_reader_programs(tmp_path, ["xqc", "shroud"])
    assert kept.stat().st_ino == inode
    assert edited.read_bytes() == content


def test_without_supervisord_the_command_fails_and_changes_nothing(
    processes: StartProcess, short_folder: Path
) -> None:
    """The error names the address that was tried, and no file is written."""
    (short_folder / "channels.conf").write_text("xqc\n")
    command = run_channels(processes)
    assert command.status == exit_codes.FAILURE
    address = f"unix://{short_folder}/var/supervisor.sock"
    assert f"cannot reach supervisord at {address}" in command.output()
    assert "Traceback" not in command.output()
    assert not (short_folder / "var").exists()


def test_without_a_channels_file_nothing_is_changed(processes: StartProcess) -> None:
    """A missing file is a mistake. It does not mean that every reader is to stop."""
    command = run_channels(processes, TWITCH_CHANNELS="xqc")
    assert command.status == exit_codes.SETTINGS
    assert "no reader is started or stopped: cannot read channels.conf: No such" in command.output()


def test_bad_names_are_reported_with_their_place(
    processes: StartProcess, short_folder: Path
) -> None:
    """A name in the file is reported with its line, a name in the environment with its variable."""
    (short_folder / "channels.conf").write_bytes(b"\xef\xbb\xbfxqc\nno, ch@nnel\n??\n")
    command = run_channels(processes, TWITCH_CHANNELS="shroud b@d", TWITCH_CHANNEL="worse!")
    assert "channels.conf, line 2: 'ch@nnel' is not a channel" in command.output()
    assert "channels.conf, line 3: " in command.output()
    assert "TWITCH_CHANNELS: 'b@d' is not a channel" in command.output()
    assert "TWITCH_CHANNEL: 'worse!' is not a channel" in command.output()
    assert "line 1:" not in command.output()


def test_only_the_first_wrong_lines_are_reported(
    processes: StartProcess, short_folder: Path
) -> None:
    """The others are counted: the file may be a log, or a web page."""
    (short_folder / "channels.conf").write_text("<br>\n" * 1000)
    command = run_channels(processes)
    assert command.output().count("is not a channel") == channels.LOGGED_PROBLEMS
    assert f"{1000 - channels.LOGGED_PROBLEMS} more entries are wrong" in command.output()


def test_more_channels_than_an_account_may_read_cause_a_warning(
    processes: StartProcess, short_folder: Path
) -> None:
    """Only if an account is used: Twitch states no limit for anonymous readers."""
    names = "".join(f"channel{number}\n" for number in range(101))
    (short_folder / "channels.conf").write_text(names)
    assert "101 channels" not in run_channels(processes).output()
    command = run_channels(processes, TWITCH_USERNAME="me", TWITCH_OAUTH_TOKEN="oauth:abc")
    assert "101 channels, but Twitch lets one account read 100 at a time" in command.output()
