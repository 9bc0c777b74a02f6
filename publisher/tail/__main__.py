"""`twitch-ingestion tail`: prints what is in the topics, and then what comes."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import time
from collections.abc import Iterator

from confluent_kafka import Message

from common import exit_codes
from common.arguments import main_of, whole_number
from common.settings import Settings, SettingsError, read_environment
from common.settings_help import settings_help
from common.startup import settings_are_wrong, start
from publisher.tail.cluster_finder import ClusterFinder
from publisher.tail.colors import colors_of_stdout
from publisher.tail.json_lines import Formatter, escaped, value_of, with_headers, with_topic
from publisher.tail.start import LOOK_BACK, Start, since
from publisher.tail.text_lines import TextLines
from publisher.tail.topic_records import POLL_S, TailReader
from publisher.tail.topics import ALL, CHOICES, DEAD_LETTERS, MESSAGES, chosen_topics, topic_names

logger = logging.getLogger(__name__)

_CHANNEL = re.compile(r"#?([a-z0-9_]{1,25})")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = (
        "Print what is in the topic, a line for each record, until Ctrl-C. Waits for a cluster or a"
        " topic that does not exist yet."
    )
    parser.epilog = settings_help("tail")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--topic", choices=CHOICES, default=MESSAGES, help="what to print (default: messages)"
    )
    what.add_argument(
        "--all", action="store_const", const=ALL, dest="topic", help="the same as --topic all"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON, for a program: a line is the record's value; of dead-letters, an object"
        " with headers and value; of all, an object with topic and value",
    )
    parser.add_argument(
        "--channel",
        action="append",
        type=_channel,
        default=[],
        dest="channels",
        metavar="CHANNEL",
        help="print only what is of this channel: its login name, or Twitch's id of it. Can be"
        " given several times",
    )
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "-n",
        type=whole_number(0, 1_000_000),
        default=Start.last,
        dest="last",
        metavar="NUMBER",
        help="begin with the last NUMBER records of each partition (default: %(default)s); with"
        f" --channel, with the last of these channels, of {LOOK_BACK:,} or more",
    )
    begin.add_argument(
        "--since",
        type=_since,
        metavar="TIME",
        help="begin with the records of this time: 90s, 10m, 2h or 1d ago, or 2026-01-31T18:00,"
        " local or with Z for UTC",
    )
    begin.add_argument("--from-beginning", action="store_true", help="begin with the first record")


def run(options: argparse.Namespace) -> int:
    """Print the records until Ctrl-C; return the exit code."""
    settings = start("tail")
    line_of = _json_lines(options.topic, settings) if options.json else _text_lines(settings)
    try:
        for message in _records(settings, options):
            sys.stdout.buffer.write(line_of(message) + b"\n")
            sys.stdout.buffer.flush()
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # The reading end of our pipe is closed. Without this, Python's flush on exit would fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SettingsError as error:
        return settings_are_wrong(error)
    return exit_codes.OK


def _records(settings: Settings, options: argparse.Namespace) -> Iterator[Message]:
    """Yield the records, from one cluster after the other. Raises SettingsError."""
    topics = chosen_topics(settings, options.topic)
    begin = Start(options.last, options.since, options.from_beginning)
    finder = ClusterFinder(settings, read_environment(os.environ))
    while True:
        cluster = finder.find()
        if cluster is None:
            time.sleep(POLL_S)
        else:
            noun = "topic" if len(topics) == 1 else "topics"
            logger.info("reading %s %s at %s", noun, ", ".join(topics), cluster.brokers)
            reader = TailReader(
                settings, cluster, topics=topics, channels=options.channels, start=begin
            )
            yield from reader.records(finder)
        # All records of a cluster that starts from now on are new.
        begin = Start(from_beginning=True)


def _text_lines(settings: Settings) -> Formatter:
    lines = TextLines(topic_names(settings), colors_of_stdout())
    # A terminal of an older character set shows a question mark for what it has not.
    encoding = sys.stdout.encoding
    return lambda message: lines.line(message, time.time()).encode(encoding, "replace")


def _json_lines(chosen: str, settings: Settings) -> Formatter:
    line_of: Formatter = value_of
    if chosen == ALL:
        line_of = with_topic(settings.kafka_topic_dead_letters)
    elif chosen == DEAD_LETTERS:
        line_of = with_headers
    return escaped(line_of) if sys.stdout.isatty() else line_of


def _channel(text: str) -> str:
    found = _CHANNEL.fullmatch(text.lower())
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is neither a channel's login name nor its id"
        )
    return found[1]


def _since(text: str) -> int:
    return since(text, time.time())


if __name__ == "__main__":
    sys.exit(main_of("python -m publisher.tail", add_arguments, run))
