"""The login: the token store or the static token, and what Twitch says about it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from auth.account import check_account
from auth.errors import AuthError, TwitchUnreachableError
from auth.twitch_oauth import validate
from common.command_line import command
from common.settings import Settings
from common.token_store import StoredToken, TokenStoreError, read_token
from twitch_ingestion.check.findings import Finding, ok, warning, wrong
from twitch_ingestion.check.host import Host


def check_token(host: Host) -> Iterator[Finding]:
    """Yield whose token readers use, and whether Twitch accepts it."""
    settings = host.settings
    if not host.runs_readers:
        yield ok("not needed: programs.conf leaves out the readers of this host")
        return
    try:
        stored = read_token(settings.twitch_token_store)
    except TokenStoreError as error:
        yield wrong(str(error))
        return
    if stored is None and not settings.twitch_oauth_token:
        yield warning(
            "no login: readers are anonymous, which Twitch allows for reading. To log in, set"
            f" TWITCH_CLIENT_ID and run `{command('auth', 'login')}`"
        )
        return
    source = f"in {settings.twitch_token_store}" if stored else "in TWITCH_OAUTH_TOKEN"
    token = stored.access_token if stored else settings.twitch_oauth_token
    if stored is not None and (problem := _renewal(stored, settings, host)):
        yield problem
    if stored is not None and stored.refresh_token and stored.expires_at <= time.time():
        yield warning(f"the token of {stored.login} {source} has expired: auth renews it")
        return
    yield _according_to_twitch(settings, token, source)


def _renewal(stored: StoredToken, settings: Settings, host: Host) -> Finding | None:
    """Return why auth cannot renew the *stored* login; None if it can."""
    if not stored.refresh_token:
        return warning(f"the token of {stored.login} cannot be renewed when it expires")
    if settings.twitch_client_id not in ("", stored.client_id):
        return wrong(
            f"the login of {stored.login} was made with another application than"
            f" TWITCH_CLIENT_ID: run `{command('auth', 'login')}`, or change TWITCH_CLIENT_ID"
        )
    if not host.runs_auth:
        return warning("programs.conf leaves out auth, so nothing here renews the login")
    return None


def _according_to_twitch(settings: Settings, token: str, source: str) -> Finding:
    try:
        found = validate(settings.twitch_auth_url, token)
        check_account(settings, found)
    except TwitchUnreachableError as error:
        return warning(f"whether the token {source} is valid is not known: {error}")
    except AuthError as error:
        return wrong(f"the token {source}: {error}")
    return ok(f"the token {source} is a valid one of {found.login}, according to Twitch")
