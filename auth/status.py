"""`python -m auth status`: show whose token readers use, and whether it is valid."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from auth.account import check_account
from auth.errors import AuthError
from auth.responses import Validation
from auth.schedule import in_words
from auth.twitch_oauth import validate
from common.settings import Settings
from common.token_store import read_token


def status(
    settings: Settings, say: Callable[[str], None], clock: Callable[[], float] = time.time
) -> bool:
    """
    Show what readers log in with, but not the token itself; return whether it works.

    Raises TokenStoreError if the token store exists and cannot be used.
    """
    stored = read_token(settings.twitch_token_store)
    if stored is None and not settings.twitch_oauth_token:
        say("source   none: readers are anonymous, which Twitch allows for reading")
        # In a wrong working directory, too.
        store = settings.twitch_token_store.absolute()
        say(f"         there is no {store}, and TWITCH_OAUTH_TOKEN is not set")
        return True
    if stored is None:
        say("source   TWITCH_OAUTH_TOKEN, which is not renewed automatically")
        token = settings.twitch_oauth_token
    else:
        say(f"source   the token store, {settings.twitch_token_store.absolute()}")
        token = stored.access_token
    try:
        found = validate(settings.twitch_auth_url, token)
        _describe(found, say, clock())
        check_account(settings, found)
    except AuthError as error:
        if stored:
            say(f"stored   as {stored.login}, until {_moment(stored.expires_at)}")
        say(f"problem  {error}")
        return False
    say("valid    yes, according to Twitch")
    return True


def _describe(found: Validation, say: Callable[[str], None], now: float) -> None:
    say(f"login    {found.login}")
    say(f"scopes   {' '.join(found.scopes or []) or 'none'}")
    if found.expires_in:
        left = in_words(found.expires_in)
        say(f"expires  {_moment(now + found.expires_in)}, in {left}")
    else:
        say("expires  never")


def _moment(when: float) -> str:
    return f"{datetime.fromtimestamp(when).astimezone():%Y-%m-%d %H:%M:%S %z}"
