"""
`twitch-ingestion init`: write the files that the service needs into a folder.

What exists is kept: programs.conf, channels.conf and .env belong to the operator. supervisord.conf
is ours, but somebody may have edited it: the one of this version is then written beside it.
"""

from __future__ import annotations

import os
import shlex
import stat
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, field
from pathlib import Path

from common import exit_codes
from common.arguments import main_of
from common.command_line import command, program
from common.files import OWNER_ONLY, replace_file, write_beside
from common.settings import SettingsError, read_settings, settings_file
from common.settings_help import settings_help
from monitor.collection.own_address import reachable
from readers.wanted_channels import CHANNELS_FILE
from twitch_ingestion.packaged_files import PACKAGED, PROGRAMS, SETTINGS, SUPERVISORD

STATE = "var"

#: The files, by the name they get: their names in the package, and their permissions.
_FILES = {
    SUPERVISORD: (SUPERVISORD, 0o644),
    PROGRAMS: (PROGRAMS, 0o644),
    CHANNELS_FILE: (CHANNELS_FILE, 0o644),
    SETTINGS: ("env", OWNER_ONLY),
}


@dataclass
class Outcome:
    """What has been done: the names of files that are new, and of those that existed."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    #: The path of our supervisord.conf, if the existing one is another.
    newer: Path | None = None
    #: Whether others could read the settings, which are secret.
    protected: bool = False


def set_up(folder: Path) -> Outcome:
    """Write what is missing in *folder*, which is made if necessary. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    outcome = Outcome()
    for name, (packaged, mode) in _FILES.items():
        content = (PACKAGED / packaged).read_bytes()
        is_new = _write_new(folder / name, content, mode)
        (outcome.made if is_new else outcome.kept).append(name)
    if not os.path.lexists(folder / STATE):
        (folder / STATE).mkdir(mode=0o700)
        outcome.made.append(STATE)
    outcome.newer = _newer_supervisord(folder)
    outcome.protected = _protect(folder / SETTINGS)
    return outcome


def _write_new(path: Path, content: bytes, mode: int) -> bool:
    """Return whether there was nothing at *path*, so that it now has *content*."""
    if os.path.lexists(path):
        return False
    copy = write_beside(path, content, mode)
    try:
        # Unlike a rename, a link replaces nothing.
        os.link(copy, path)
    except FileExistsError:
        return False
    finally:
        copy.unlink()
    return True


def _newer_supervisord(folder: Path) -> Path | None:
    content = (PACKAGED / SUPERVISORD).read_bytes()
    if (folder / SUPERVISORD).read_bytes() == content:
        return None
    newer = folder / f"{SUPERVISORD}.new"
    replace_file(newer, content)
    return newer


def _protect(path: Path) -> bool:
    """Return whether everybody could read this user's file at *path*, and now only they can."""
    try:
        status = path.stat()
    except FileNotFoundError:  # a link to nothing
        return False
    # A group may be meant to read it: the one of the user that the service runs as.
    if not stat.S_ISREG(status.st_mode) or not status.st_mode & stat.S_IRWXO:
        return False
    if status.st_uid != os.geteuid():
        return False
    path.chmod(OWNER_ONLY)
    return True


def add_arguments(parser: ArgumentParser) -> None:
    """Describe the command line to *parser*."""
    parser.description = (
        "Write supervisord.conf, programs.conf, channels.conf, .env and the folder var into a"
        " folder. Files that exist are kept. It prints what to do next."
    )
    parser.epilog = settings_help("init")
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="the folder, which is made if it does not exist"
    )


def run(options: Namespace) -> int:
    """Do what *options* say, and print it; return the exit status."""
    folder: Path = options.folder
    try:
        outcome = set_up(folder)
    except OSError as error:
        # A full disk is an error without a path.
        where = f": {error.filename}" if error.filename else ""
        print(f"Cannot set up {folder}: {error.strerror}{where}", file=sys.stderr)
        return exit_codes.SETTINGS
    _report(outcome, folder)
    print("\n".join(_next_steps(outcome, folder)))
    return exit_codes.OK


def _report(outcome: Outcome, folder: Path) -> None:
    if outcome.made:
        print(f"Made in {folder.absolute()}: {', '.join(outcome.made)}")
    if outcome.kept:
        print(f"Kept in {folder.absolute()}: {', '.join(outcome.kept)}")
    if outcome.protected:
        print(
            f"Everybody could read {folder / SETTINGS}, which may have secrets. Now only its owner"
            " can.",
            file=sys.stderr,
        )
    if outcome.newer:
        old, new = shlex.quote(str(folder / SUPERVISORD)), shlex.quote(str(outcome.newer))
        print(
            f"{folder / SUPERVISORD} is not the one of this version, which is in {outcome.newer}."
            f" To compare and to take it:\n    diff {old} {new}\n    mv {new} {old}",
            file=sys.stderr,
        )


def _next_steps(outcome: Outcome, folder: Path) -> list[str]:
    """Return the lines that say how to start the service in *folder*."""
    lines = ["Next:"]
    if folder.absolute() != Path.cwd():
        lines.append(f"    cd {shlex.quote(str(folder))}")
    # The paths of programs are meant for that folder.
    os.chdir(folder)
    if SETTINGS in outcome.made:
        lines += [
            "    # Your Kafka. To try things without one: embedded, a Kafka in memory.",
            "    echo KAFKA_BROKERS=localhost:9092 >> .env",
        ]
    if CHANNELS_FILE in outcome.made:
        lines += ["    # The channels to read, one per line.", "    echo xqc >> channels.conf"]
    return [
        *lines,
        "    # What is wrong, before anything starts.",
        f"    {command('check')}",
        "    # In the foreground, with all logs on its output. Ctrl-C stops everything.",
        f"    {_supervisor('supervisord')}",
        "In another terminal, in the same folder:",
        f"    {_supervisor('supervisorctl')} status",
        *_live_page(),
        f"    {command('top')}",
        f"    {command('tail', '--all')}",
        "After an edit of channels.conf:",
        f"    {command('channels', 'apply')}",
    ]


def _live_page() -> list[str]:
    """Return the line that says where the live page is; none if the settings cannot be read."""
    try:
        bind = read_settings(os.environ, settings_file()).monitor_bind
    except SettingsError:
        return []
    return [f"    # The live page, which is also at http://{reachable(bind)}/"] if bind.port else []


def _supervisor(name: str) -> str:
    return shlex.join([*program(name), "-c", SUPERVISORD])


if __name__ == "__main__":
    sys.exit(main_of("python -m twitch_ingestion.init", add_arguments, run))
