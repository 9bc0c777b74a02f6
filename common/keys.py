"""`twitch-ingestion keys`: create the link's key pairs; authorise, list and revoke hosts."""

from __future__ import annotations

import argparse
import re
import socket
import sys
from pathlib import Path
from typing import Any

from common import exit_codes
from common.arguments import main_of
from common.command_line import SCRIPT, command
from common.key_files import (
    PUBLISHER_PAIR,
    READERS_PAIR,
    KeyFileError,
    authorize,
    authorized_hosts,
    keys_folder,
    make_pair,
    revoke,
)
from common.key_list import host_lines, pair_lines
from common.service_user import refuse_as_root
from common.settings_help import settings_help
from common.startup import start

#: The output of `readers` is far shorter.
_LARGEST_BYTES = 64 * 1024

_KEY = re.compile(r"[0-9a-fA-F]{64}")
_DESCRIPTION = """\
Create the keys that encrypt the link between hosts, and authorise readers' hosts.

  publisher host:  twitch-ingestion keys publisher   copy its output to .env on readers' hosts
  readers' host:   twitch-ingestion keys readers     run its output on the publisher host
  publisher host:  twitch-ingestion keys authorize KEY --name NAME

The keys are in STATE_DIR/keys. To replace a key pair, remove its file and start again. Restart only
the programs that have a new key pair or a new PUBLISHER_PUBLIC_KEY.
"""

#: It looks every second, but not while it waits for Kafka at its start.
_APPLIED = "A running publisher applies it within a second, or when it has reached Kafka"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = _DESCRIPTION
    parser.epilog = settings_help("keys")
    commands = parser.add_subparsers(dest="command", required=True)
    _add(commands, "publisher", "create the publisher's key pair if needed; print its public key")
    _add(
        commands,
        "readers",
        "create the key pair of this host's readers if needed",
    )
    admit = _add(commands, "authorize", "let the publisher admit a host's readers")
    admit.add_argument(
        "key", metavar="KEY", help="the host's public key, or a file that contains it"
    )
    admit.add_argument(
        "--name", help="name of the host (default: the file name, or the start of KEY)"
    )
    _add(commands, "list", "show the public keys of this host and of authorised hosts")
    refuse = _add(commands, "revoke", "let the publisher no longer admit a host")
    refuse.add_argument(
        "host", metavar="NAME|KEY", help="name or public key of the host, as `list` shows it"
    )


def _add(commands: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
    )
    return parser


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    folder = keys_folder(start("keys").state_dir)
    if options.command != "list":
        refuse_as_root("keys", [folder.parent, folder])
    try:
        match options.command:
            case "publisher":
                _make_publisher_pair(folder)
            case "readers":
                _make_readers_pair(folder)
            case "list":
                return _list(folder)
            case "revoke":
                _revoke(folder, options.host)
            case _:
                _authorize(folder, options.key, options.name)
    except KeyFileError as error:
        print(f"keys: {error}", file=sys.stderr)
        return exit_codes.FAILURE
    return exit_codes.OK


def _make_publisher_pair(folder: Path) -> None:
    path = folder / PUBLISHER_PAIR
    pair = make_pair(path)
    print(f"PUBLISHER_PUBLIC_KEY={pair.public_key}", flush=True)
    _explain(f"The key pair is in {path}. Add the line above to .env on the readers' hosts.")


def _make_readers_pair(folder: Path) -> None:
    path = folder / READERS_PAIR
    pair = make_pair(path)
    words = ["keys", "authorize", pair.public_key, "--name", socket.gethostname()]
    print(command(*words), flush=True)
    # How the other host is installed is not known here.
    _explain(
        f"The key pair is in {path}. Run the command above on the publisher's host. If that one is"
        " installed in another way, the command begins there with\n"
        f"  .venv/bin/{SCRIPT}  in a checkout\n"
        f"  {SCRIPT}  where it is installed as a tool, and in a container\n"
        f"  docker compose --file deploy/compose.yaml exec publisher {SCRIPT}  on the host of a"
        " container"
    )


def _authorize(folder: Path, key: str, name: str | None) -> None:
    if _KEY.fullmatch(key):
        path = authorize(folder, name or key[:16].lower(), key)
    else:
        path = authorize(folder, name or Path(key).stem, _key_in_file(Path(key)))
    _explain(f"Authorised while {path} exists. {_APPLIED}.")


def _list(folder: Path) -> int:
    """Print what is in *folder*; return the exit code: FAILURE if a file there is of no use."""
    own, own_problems = pair_lines(folder)
    hosts, problems = authorized_hosts(folder)
    lines = [
        f"key pairs of this host ({folder.absolute()}):",
        *(own or ["  none"]),
        "hosts that a publisher here admits:",
        *(host_lines(hosts) or ["  none"]),
    ]
    print("\n".join(lines))
    for problem in own_problems + problems:
        print(f"keys: {problem}", file=sys.stderr)
    return exit_codes.FAILURE if own_problems or problems else exit_codes.OK


def _revoke(folder: Path, host: str) -> None:
    removed = " and ".join(str(path) for path in revoke(folder, host))
    _explain(
        f"Removed {removed}. {_APPLIED}: it ends all connections, and readers of the hosts that are"
        " still authorised connect again at once."
    )


def _key_in_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES).decode("ascii", "replace")
    except OSError as error:
        raise KeyFileError(f"{path} is neither a public key nor a file: {error.strerror}") from None
    keys = _KEY.findall(text)
    if len(keys) != 1:
        raise KeyFileError(f"{path} must contain exactly one public key, but contains {len(keys)}")
    return str(keys[0])


def _explain(text: str) -> None:
    # On stderr, so that stdout contains only the result.
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main_of("python -m common.keys", add_arguments, run))
