"""`python -m auth`: keep the login valid. A person runs its commands, such as `login`."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from auth.browser_login import log_in_with_browser, open_on_desktop
from auth.device_login import log_in_with_device_code
from auth.env_file import set_variable
from auth.errors import AuthError, LoginFailedError, TwitchUnreachableError
from auth.generate_token import generate_token
from auth.keeper import TokenKeeper
from auth.revoke import revoke_token
from auth.schedule import in_words
from auth.status import status
from common import exit_codes
from common.arguments import main_of
from common.settings import Settings, SettingsError, settings_help
from common.startup import outlast_startsecs, start
from common.token_store import TokenStoreError, has_token_store

logger = logging.getLogger("auth")

ENV_FILE = Path(".env")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = "Without a command: keep the login valid until stopped."
    parser.epilog = settings_help()
    commands = parser.add_subparsers(dest="command", title="commands")
    login = commands.add_parser("login", help="log in once, with a browser on this machine")
    login.add_argument("--device", action="store_true", help="use a browser on another device")
    generate = commands.add_parser(
        "generate-token", help="create a static token; you copy a code by hand"
    )
    generate.add_argument(
        "--write", action="store_true", help="write the token to .env instead of printing it"
    )
    commands.add_parser("status", help="show whose token readers use, and whether it is valid")
    commands.add_parser("revoke", help="revoke the token and remove the token file")


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    settings = start("auth")
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
    match options.command:
        case "login":
            _log_in(settings, device=options.device)
        case "generate-token":
            _generate(settings, write=options.write)
        case "status":
            return exit_codes.OK if status(settings, _say) else exit_codes.FAILURE
        case "revoke":
            revoke_token(settings, _say)
        case _:
            return _keep(settings)
    return exit_codes.OK


def _keep(settings: Settings) -> int:
    if not (
        settings.twitch_oauth_token
        or settings.twitch_client_id
        or has_token_store(settings.twitch_token_store)
    ):
        logger.info(
            "no login is configured: readers are anonymous; auth ends, as it has no token to renew"
        )
        outlast_startsecs()
        return exit_codes.OK
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    nothing_is_lost = TokenKeeper(settings).run(stop)
    logger.info("stopped")
    return exit_codes.OK if nothing_is_lost else exit_codes.FAILURE


def _log_in(settings: Settings, *, device: bool) -> None:
    if device:
        token = log_in_with_device_code(settings, _say)
    else:
        token = log_in_with_browser(settings, _say, open_on_desktop)
    print(f"Logged in as {token.login}. The login is in {settings.twitch_token_store}.")


def _generate(settings: Settings, *, write: bool) -> None:
    tokens, found = generate_token(settings, _prompt, input)
    lines = {"TWITCH_OAUTH_TOKEN": f"oauth:{tokens.access_token}"}
    if not settings.twitch_username:
        lines["TWITCH_USERNAME"] = found.login
    life = in_words(tokens.expires_in)
    _prompt(f"The token of {found.login} is valid for {life}. It is not renewed automatically.")
    if write:
        _write(lines)
        return
    for name, value in lines.items():
        print(f"{name}={value}")


def _write(variables: Mapping[str, str]) -> None:
    try:
        for name, value in variables.items():
            set_variable(ENV_FILE, name, value)
    except (OSError, UnicodeDecodeError) as error:
        raise LoginFailedError(
            f"cannot write {ENV_FILE} ({error}): run the command again without --write"
        ) from None
    _prompt(f"Wrote {' and '.join(variables)} to {ENV_FILE}.")


def _say(text: str) -> None:
    # Flush, because a person must see the text at once, also through a pipe.
    print(text, flush=True)


def _prompt(text: str) -> None:
    """Print *text* to stderr: stdout has only the result, which may be redirected to a file."""
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main_of("python -m auth", add_arguments, run))
