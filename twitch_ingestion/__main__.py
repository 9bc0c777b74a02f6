"""`twitch-ingestion`: run one of the subcommands."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import version

from common.arguments import Formatter, run_command
from common.distribution import DISTRIBUTION
from common.operating_system import refuse_other_systems
from twitch_ingestion.commands import COMMANDS


def main() -> int:
    """Run the command on the command line, and return its exit status."""
    # Before the module of a command is imported, which may need what only Linux has.
    refuse_other_systems()
    parser = _parser(_words())
    if "_ARGCOMPLETE" in os.environ:
        # The shell asks for completions. Nothing else needs this package.
        import argcomplete  # noqa: PLC0415

        argcomplete.autocomplete(parser)
    return run_command(parser, lambda options: options.run(options))


def _words() -> Sequence[str]:
    """Return the words after the name of the command, also while the shell completes a line."""
    line = os.environ.get("COMP_LINE") if "_ARGCOMPLETE" in os.environ else None
    if line is None:
        return sys.argv[1:]
    try:
        return shlex.split(line)[1:]
    except ValueError:  # a quote is still open
        return line.split()[1:]


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser, in which only the command that *words* choose has its arguments."""
    parser = argparse.ArgumentParser(
        prog="twitch-ingestion",
        description="Writes the chat of Twitch channels to Kafka.",
        epilog="`twitch-ingestion COMMAND --help` describes a command. Commands use the settings,"
        " and files, of the folder that they are run in.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version(DISTRIBUTION)}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    chosen = next((word for word in words if not word.startswith("-")), None)
    for command in COMMANDS:
        child = commands.add_parser(
            command.name,
            help=command.summary,
            formatter_class=Formatter,
        )
        if command.name == chosen:
            child.set_defaults(run=command.describe_to(child))
    return parser


if __name__ == "__main__":
    sys.exit(main())
