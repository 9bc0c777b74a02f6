"""`python -m auth`: keep the login valid. A person runs its commands, such as `login`."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading

from auth.errors import AuthError, TwitchUnreachableError
from auth.first_login import wait_for_login
from auth.status_page import AuthPage
from common import exit_codes
from common.arguments import main_of
from common.exposed_secrets import exposed_secrets
from common.settings import Settings, SettingsError
from common.settings_help import settings_help
from common.startup import start
from common.token_store import TokenStoreError

logger = logging.getLogger("auth")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = "Without a command: keep the login valid until stopped."
    parser.epilog = settings_help("auth")
    commands = parser.add_subparsers(dest="command", title="commands")
    login = commands.add_parser(
        "login",
        help="log in once, with a browser on this machine",
        description="Log in once. Programs that run use the login without a restart. It needs a"
        " Twitch application, which you register at https://dev.twitch.tv/console/apps, and its"
        " TWITCH_CLIENT_ID and, unless it is a Public one, TWITCH_CLIENT_SECRET.",
    )
    login.add_argument("--device", action="store_true", help="use a browser on another device")
    generate = commands.add_parser(
        "generate-token",
        help="create a static token; you copy a code by hand",
        description="Create a static token: open the address that is printed, and paste the one"
        " that the browser is sent to. It is valid for about four hours, and nothing renews it.",
    )
    generate.add_argument(
        "--write", action="store_true", help="write the token to .env instead of printing it"
    )
    commands.add_parser(
        "status",
        help="show whose token readers use, and whether it is valid",
        description="Show whose token readers use, until when, and whether Twitch accepts it; never"
        " the token. Exit status: 1 if readers cannot log in, else 0.",
    )
    commands.add_parser(
        "revoke",
        help="revoke the token and remove the token file",
        description="Revoke the token at Twitch, and remove the token file.",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    settings = start("auth", look_at=exposed_secrets)
    try:
        return _run(options, settings)
    except SettingsError as error:
        for line in str(error).splitlines():
            print(f"auth: {line}", file=sys.stderr)
        return exit_codes.SETTINGS
    except TwitchUnreachableError as error:
        print(f"auth: {error}: try again later", file=sys.stderr)
        return exit_codes.FAILURE
    except (AuthError, TokenStoreError) as error:
        print(f"auth: {error}", file=sys.stderr)
        return exit_codes.FAILURE
    except KeyboardInterrupt:
        print("auth: stopped", file=sys.stderr)
        return exit_codes.FAILURE


def _run(options: argparse.Namespace, settings: Settings) -> int:
    if options.command is None:
        return _keep(settings)
    # What a waiting auth never needs: half of its memory.
    from auth.commands import run_command  # noqa: PLC0415

    return run_command(options, settings)


def _keep(settings: Settings) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    nothing_is_lost = True
    page = AuthPage(settings.state_dir)
    if wait_for_login(settings, page, stop):
        from auth.keeper import TokenKeeper  # noqa: PLC0415 - needed only with a login

        nothing_is_lost = TokenKeeper(settings, page).run(stop)
    logger.info("stopped")
    return exit_codes.OK if nothing_is_lost else exit_codes.FAILURE


if __name__ == "__main__":
    sys.exit(main_of("python -m auth", add_arguments, run))
