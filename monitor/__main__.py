"""
`python -m monitor`: serve the live page, the metrics and the health checks of this host.

`python -m monitor top` shows the live page in the terminal.
"""

from __future__ import annotations

import argparse
import logging
import sys

from common import exit_codes
from common.arguments import Formatter, main_of
from common.exposed_secrets import exposed_secrets
from common.settings import SettingsError
from common.settings_help import settings_help
from common.startup import settings_are_wrong, start
from monitor.collection.collector import Collector
from monitor.collection.observer import Observer
from monitor.terminal.arguments import add_arguments as top_arguments
from monitor.web.listening import BindError, check_token
from monitor.web.server import serve

logger = logging.getLogger("monitor")

_EXIT_CODES = f"""exit status:
  {exit_codes.OK:<4}stopped on request
  {exit_codes.FAILURE:<4}the address is in use, or not one of this host
  {exit_codes.USAGE:<4}the command line is wrong
  {exit_codes.SETTINGS:<4}a setting is wrong"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = (
        "Serve the live page, the metrics and the health checks of this host, until SIGTERM or"
        " SIGINT. A second signal ends the process at once."
    )
    parser.epilog = "\n\n".join((settings_help("monitor"), _EXIT_CODES))
    commands = parser.add_subparsers(dest="command", title="commands")
    top_help = "show the live page in the terminal"
    top_arguments(commands.add_parser("top", help=top_help, formatter_class=Formatter))


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    if options.command == "top":
        # It takes memory, which a monitor that serves does not need.
        from monitor.terminal.top import run as run_top  # noqa: PLC0415

        return run_top(options)
    return _serve()


def _serve() -> int:
    settings = start("monitor", look_at=exposed_secrets)
    try:
        check_token(settings)
        collector = Collector(settings.state_dir)
        serve(settings, Observer(collector, shows_messages=settings.monitor_show_messages))
    except SettingsError as error:
        return settings_are_wrong(error)
    except BindError as error:
        logger.error("%s", error)
        return exit_codes.FAILURE
    logger.info("stopped")
    return exit_codes.OK


if __name__ == "__main__":
    sys.exit(main_of("python -m monitor", add_arguments, run))
