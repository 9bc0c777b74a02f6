"""
The subcommands of `twitch-ingestion`.

A command's module has two functions: `add_arguments` describes the command to an argparse parser,
and `run` does it. A module is imported only when its command is used: `reader` needs no Kafka
client, and `--help` needs neither.
"""

from __future__ import annotations

import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A subcommand: its name, the module that has its two functions, and a line for `--help`."""

    name: str
    module: str
    summary: str

    def describe_to(self, parser: ArgumentParser) -> Callable[[Namespace], int]:
        """Add the command's arguments to *parser*; return the function that runs it."""
        module = importlib.import_module(self.module)
        module.add_arguments(parser)
        run: Callable[[Namespace], int] = module.run
        return run


COMMANDS = (
    Command(
        "init", "twitch_ingestion.init", "write the files that the service needs into a folder"
    ),
    Command(
        "check", "twitch_ingestion.check.__main__", "say what is wrong, before anything starts"
    ),
    Command("demo", "twitch_ingestion.demo", "try everything, without Kafka or a Twitch account"),
    Command("top", "monitor.terminal.top", "show the state of all channels in the terminal"),
    Command("channels", "readers.channels", "apply, list or check channels.conf"),
    Command("tail", "publisher.tail.__main__", "print what is in the topics"),
    Command("auth", "auth.__main__", "log in, and keep the login valid"),
    Command("keys", "common.keys", "manage the keys of the link between hosts"),
    Command("optout", "readers.optout", "record nothing of some people any more"),
    Command("drain", "readers.drain", "send what is left in outboxes that nobody reads"),
    Command("monitor", "monitor.__main__", "serve the live page, metrics and health checks"),
    Command("publisher", "publisher.__main__", "write what readers send to Kafka"),
    Command("reader", "readers.__main__", "read one channel"),
)
