"""`python -m common.keys`: make the keys of the link, and say which readers' hosts are admitted."""

from __future__ import annotations

import argparse
import re
import socket
import sys
from pathlib import Path

from common import exit_codes
from common.key_files import (
    PUBLISHER_PAIR,
    READERS_PAIR,
    KeyFileError,
    authorize,
    keys_folder,
    make_pair,
)
from common.startup import start

_KEY = re.compile(r"[0-9a-fA-F]{64}")
_DESCRIPTION = """\
Make the keys that the link between hosts is encrypted with, and say who is admitted.

  publisher host:  python -m common.keys publisher      the line it prints goes into .env there:
  readers' host:   python -m common.keys readers        the command it prints is to be run here:
  publisher host:  python -m common.keys authorize KEY --name NAME

The keys lie in STATE_DIR/keys. To put a host out, remove its file from STATE_DIR/keys/authorized;
to change a pair, remove its file and begin anew. Nothing has to be restarted but what has a new
pair or a new PUBLISHER_PUBLIC_KEY.
"""


def main() -> int:
    """Run the command, and return its exit status."""
    options = _parser().parse_args()
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m common.keys",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("publisher", help="make the publisher's pair, if there is none; print it")
    commands.add_parser("readers", help="make this host's readers' pair, if there is none")
    admit = commands.add_parser("authorize", help="have the publisher admit a host's readers")
    admit.add_argument("key", metavar="KEY", help="the host's public key, or a file that holds it")
    admit.add_argument("--name", help="what to call the host (default: as the file)")
    return parser


def _make_publisher_pair(folder: Path) -> None:
    path = folder / PUBLISHER_PAIR
    pair = make_pair(path)
    print(f"PUBLISHER_PUBLIC_KEY={pair.public_key}", flush=True)
    _explain(f"The keys are in {path}. The line above goes into .env on the readers' hosts.")


def _make_readers_pair(folder: Path) -> None:
    path = folder / READERS_PAIR
    pair = make_pair(path)
    command = f"python -m common.keys authorize {pair.public_key} --name {socket.gethostname()}"
    print(command, flush=True)
    _explain(f"The keys are in {path}. The command above is to be run on the publisher's host.")


def _authorize(folder: Path, key: str, name: str | None) -> None:
    if _KEY.fullmatch(key):
        path = authorize(folder, name or key[:16].lower(), key)
    else:
        path = authorize(folder, name or Path(key).stem, _key_in_file(Path(key)))
    _explain(f"Admitted while {path} is there: a publisher that runs knows within a second.")


def _key_in_file(path: Path) -> str:
    try:
        text = path.read_bytes().decode("ascii", "replace")
    except OSError as error:
        raise KeyFileError(f"{path} is no public key, nor a file: {error.strerror}") from None
    keys = _KEY.findall(text)
    if len(keys) != 1:
        raise KeyFileError(f"{path} does not hold one public key: it holds {len(keys)} of them")
    return str(keys[0])


def _explain(text: str) -> None:
    # Apart from what the command is run for, so that this can be taken from its output.
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
