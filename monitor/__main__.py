"""`python -m monitor`: serve the live page, the metrics and the health checks of this host."""

from __future__ import annotations

import argparse
import sys

from common import exit_codes
from common.arguments import main_of
from common.settings_help import settings_help
from common.startup import start


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = (
        "Serve the live page, the metrics and the health checks of this host, until SIGTERM or"
        " SIGINT."
    )
    parser.epilog = settings_help("monitor")


def run(_: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    start("monitor")
    return exit_codes.OK


if __name__ == "__main__":
    sys.exit(main_of("python -m monitor", add_arguments, run))
