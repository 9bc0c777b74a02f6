"""`python -m common.keys`: create the link's key pairs, and authorise readers' hosts."""

from __future__ import annotations

import argparse
import re
import socket
import sys
from pathlib import Path

from common import exit_codes
from common.arguments import main_of
from common.key_files import (
    PUBLISHER_PAIR,
    READERS_PAIR,
    KeyFileError,
    authorize,
    keys_folder,
    make_pair,
)
from common.settings_help import settings_help
from common.startup import start

#: The output of `readers` is far shorter.
_LARGEST_BYTES = 64 * 1024

_KEY = re.compile(r"[0-9a-fA-F]{64}")
_DESCRIPTION = """\
Create the keys that encrypt the link between hosts, and authorise readers' hosts.

  publisher host:  python -m common.keys publisher   copy its output to .env on readers' hosts
  readers' host:   python -m common.keys readers     run its output on the publisher host
  publisher host:  python -m common.keys authorize KEY --name NAME

The keys are in STATE_DIR/keys. To revoke a host, remove its file from STATE_DIR/keys/authorized.
To replace a key pair, remove its file and start again. Restart only the programs that have a new
key pair or a new PUBLISHER_PUBLIC_KEY.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = _DESCRIPTION
    parser.epilog = settings_help("keys")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "publisher", help="create the publisher's key pair if needed; print its public key"
    )
    commands.add_parser("readers", help="create the key pair of this host's readers if needed")
    admit = commands.add_parser("authorize", help="let the publisher admit a host's readers")
    admit.add_argument(
        "key", metavar="KEY", help="the host's public key, or a file that contains it"
    )
    admit.add_argument(
        "--name", help="name of the host (default: the file name, or the start of KEY)"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    folder = keys_folder(start("keys").state_dir)
    try:
        match options.command:
            case "publisher":
                _make_publisher_pair(folder)
            case "readers":
                _make_readers_pair(folder)
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
    command = f"python -m common.keys authorize {pair.public_key} --name {socket.gethostname()}"
    print(command, flush=True)
    _explain(f"The key pair is in {path}. Run the command above on the publisher's host.")


def _authorize(folder: Path, key: str, name: str | None) -> None:
    if _KEY.fullmatch(key):
        path = authorize(folder, name or key[:16].lower(), key)
    else:
        path = authorize(folder, name or Path(key).stem, _key_in_file(Path(key)))
    _explain(f"Authorised while {path} exists. A running publisher applies it within a second.")


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
