"""The commands of `twitch-ingestion auth` that a person runs, and what they print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from auth.browser_login import log_in_with_browser, open_on_desktop
from auth.device_login import log_in_with_device_code
from auth.env_file import set_variable
from auth.errors import LoginFailedError
from auth.generate_token import generate_token
from auth.revoke import revoke_token
from auth.schedule import in_words
from auth.status import status
from common import exit_codes
from common.service_user import refuse_as_root
from common.settings import Settings

ENV_FILE = Path(".env")


def run_command(options: argparse.Namespace, settings: Settings) -> int:
    """Run the command in *options*; return its exit code. Raises what the command raises."""
    _refuse_as_root(options, settings)
    match options.command:
        case "login":
            _log_in(settings, device=options.device)
        case "generate-token":
            _generate(settings, write=options.write)
        case "status":
            return exit_codes.OK if status(settings, _say) else exit_codes.FAILURE
        case "revoke":
            revoke_token(settings, _say)
    return exit_codes.OK


def _refuse_as_root(options: argparse.Namespace, settings: Settings) -> None:
    store = settings.twitch_token_store
    match options.command:
        case "login" | "revoke":  # the latter leaves the lock file
            refuse_as_root("auth", [settings.state_dir, store, store.parent])
        case "generate-token" if options.write and not ENV_FILE.exists():  # else its owner stays
            refuse_as_root("auth", [settings.state_dir, ENV_FILE.parent])


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
