"""`python -m publisher`: writes what readers send to Kafka; with `tail`, prints the topic."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from common import exit_codes
from common.arguments import main_of
from common.curve import publisher_keys
from common.exposed_secrets import exposed_secrets
from common.open_files import raise_open_files
from common.settings import EMBEDDED, Settings, SettingsError
from common.settings_help import settings_help
from common.startup import settings_are_wrong, start
from publisher.delivery.exactly_once import FencedError
from publisher.kafka.embedded import EmbeddedKafkaError, embedded_cluster
from publisher.kafka.properties import Cluster
from publisher.link.connection_watcher import WatcherEndedError
from publisher.link.sockets import BindError, LinkSockets
from publisher.open_books import open_books
from publisher.server import Server
from publisher.stop_signals import StopSignals
from publisher.tail import __main__ as tail

logger = logging.getLogger("publisher")


_EXIT_CODES = f"""exit status:
  {exit_codes.OK:<4}stopped on request
  {exit_codes.FAILURE:<4}an address is in use, or the embedded Kafka cannot start
  {exit_codes.USAGE:<4}the command line is wrong
  {exit_codes.FENCED:<4}another publisher with the same KAFKA_TRANSACTIONAL_ID has taken over
  {exit_codes.SETTINGS:<4}a setting is wrong"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = (
        "Receive batches of chat messages from the readers and write them to Kafka, until SIGTERM"
        " or SIGINT. A second signal ends the process at once."
    )
    parser.epilog = "\n\n".join((settings_help("publisher"), _EXIT_CODES))


def run(_: argparse.Namespace) -> int:
    """Run the publisher until stopped, and return its exit code."""
    return _publish(start("publisher", look_at=exposed_secrets))


def _add_module_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `python -m publisher`, which has `tail` as a subcommand."""
    add_arguments(parser)
    parser.set_defaults(run=run)
    commands = parser.add_subparsers(metavar="tail")
    look = commands.add_parser("tail", help="print what is in the topics")
    tail.add_arguments(look)
    look.set_defaults(run=tail.run)


def _publish(settings: Settings) -> int:
    # Each reader has two connections to it.
    raise_open_files()
    try:
        with (
            open_books(settings) as books,
            StopSignals(books.turn) as stop,
            LinkSockets(
                settings.publisher_bind, settings.publisher_ack_bind, publisher_keys(settings)
            ) as sockets,
            _cluster(settings) as cluster,
        ):
            logger.info(
                "started, environment %s: receives batches at %s, acknowledges at %s; Kafka at %s, "
                "topic %s",
                settings.app_env,
                sockets.batches_endpoint,
                sockets.acknowledgements_endpoint,
                cluster.brokers,
                settings.kafka_topic_chat_messages,
            )
            Server(settings, cluster=cluster, sockets=sockets, stop=stop, books=books).run()
    except SettingsError as error:
        return settings_are_wrong(error)
    except FencedError as error:
        logger.error("%s; stopping", error)
        return exit_codes.FENCED
    except (BindError, WatcherEndedError, EmbeddedKafkaError) as error:
        logger.error("%s", error)
        return exit_codes.FAILURE
    logger.info("stopped")
    return exit_codes.OK


@contextmanager
def _cluster(settings: Settings) -> Iterator[Cluster]:
    """Yield the cluster that the settings name; run it in this process if it is `embedded`."""
    if settings.kafka_brokers != EMBEDDED:
        yield Cluster(settings.kafka_brokers)
        return
    with embedded_cluster(settings.state_dir) as brokers:
        yield Cluster(brokers, embedded=True)


if __name__ == "__main__":
    sys.exit(
        main_of("python -m publisher", _add_module_arguments, lambda options: options.run(options))
    )
