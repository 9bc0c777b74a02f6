"""
`twitch-ingestion demo`: try the whole service in the foreground; `scripts/run` of a clone uses it.

Nothing of it meets another installation: state, sockets and channels are in a folder of its own.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from common import exit_codes
from common.arguments import main_of, with_reason
from common.file_lock import file_lock
from common.settings import SettingsError
from readers.supervision.channel_names import channel_name
from twitch_ingestion.foreground import print_first, run_in_foreground
from twitch_ingestion.trial import Trial, TrialError, live_trial, recorded_trial
from twitch_ingestion.trial_refusals import refuse_if_running, refuse_long_path
from twitch_ingestion.where_to_look import where_to_look

_DEMO = Path("var/demo")
_RUN = Path("var/run")


def add_arguments(parser: ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = """\
Run the whole service on this machine until Ctrl-C, and say how to see its messages.

Without CHANNEL, recorded chat of three made-up channels is played on a local Twitch and published
to an embedded Kafka: no network, account or settings. Of the environment, TWITCH_*, KAFKA_*,
PUBLISHER_*, OUTBOX_*, DELIVERY, DEDUPLICATE, MONITOR_PEERS, MONITOR_SHOW_MESSAGES and METRICS_* are
ignored, and so is .env.

With CHANNEL, these channels of the real Twitch are read, without an account unless one is set, and
published to the Kafka in KAFKA_BROKERS, or to the embedded one if that is not set. Settings come
from the environment and .env.

The live page is where MONITOR_BIND says, or at another port if that one is taken."""
    parser.add_argument(
        "channels",
        nargs="*",
        type=with_reason(channel_name),
        metavar="CHANNEL",
        help="a channel of the real Twitch: its name, #name or URL",
    )


def run(options: Namespace) -> int:
    """Run the command; return its exit status."""
    folder = _RUN if options.channels else _DEMO
    with ExitStack() as stack:
        try:
            trial = _set_up(folder, options.channels, stack)
        except TrialError as error:
            print(error, file=sys.stderr)
            return exit_codes.FAILURE
        except SettingsError as error:
            print(error, file=sys.stderr)
            return exit_codes.SETTINGS
        except OSError as error:
            print(f"Cannot set up {folder}: {error.strerror}: {error.filename}", file=sys.stderr)
            return exit_codes.SETTINGS
        print_first(f"The live page: {trial.live_page()}")
        if trial.is_embedded and options.channels:
            print(
                "Using the embedded Kafka, in memory only. Set KAFKA_BROKERS to use a real one.",
                file=sys.stderr,
            )
        return run_in_foreground(
            trial.supervisord(), trial.environment, partial(where_to_look, trial)
        )


def _set_up(folder: Path, channels: Sequence[str], stack: ExitStack) -> Trial:
    refuse_long_path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    refuse_if_running([Path(), _DEMO, _RUN])
    # Until its supervisord answers, another one that was started at the same time is kept out.
    try:
        stack.enter_context(file_lock(folder / "lock", within_s=0))
    except TimeoutError:
        raise TrialError(f"Already starting in {folder}.") from None
    if not channels:
        return recorded_trial(folder, os.environ)
    return live_trial(folder, channels, os.environ)


if __name__ == "__main__":
    sys.exit(main_of("python -m twitch_ingestion.demo", add_arguments, run))
