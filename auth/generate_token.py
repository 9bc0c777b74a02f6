"""`python -m auth generate-token`: create a static token; a person copies the code by hand."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from auth.account import check_account
from auth.callback import code_from_paste
from auth.errors import LoginFailedError
from auth.responses import Tokens, Validation
from auth.twitch_oauth import application, authorize_url, exchange_code, validate
from common.settings import Settings, SettingsError


def generate_token(
    settings: Settings, say: Callable[[str], None], ask: Callable[[], str]
) -> tuple[Tokens, Validation]:
    """
    Return a new token and its account.

    *say* shows a line to a person. *ask* returns a line that the person enters, or raises EOFError.
    Raises SettingsError if the settings are incomplete, and AuthError if no token is obtained.
    """
    _check_settings(settings)
    app, redirect_uri = application(settings), settings.twitch_redirect_uri
    state = secrets.token_urlsafe()
    say("1. Open this URL in any browser, and authorize the application:")
    say("")
    say(f"   {authorize_url(app, redirect_uri, settings.twitch_scopes, state)}")
    say("")
    say(f"2. Twitch then redirects the browser to {redirect_uri}?code=... The page may fail to")
    say("   load. Paste the whole URL from the address bar here, or only the code in it:")
    try:
        pasted = ask()
    except EOFError:
        raise LoginFailedError("nothing was pasted") from None
    tokens = exchange_code(app, code_from_paste(pasted, state), redirect_uri)
    found = validate(settings.twitch_auth_url, tokens.access_token)
    check_account(settings, found)
    return tokens, found


def _check_settings(settings: Settings) -> None:
    problems = [
        f"{name} is not set, but should hold your application's {what}"
        for name, what, value in (
            ("TWITCH_CLIENT_ID", "id", settings.twitch_client_id),
            ("TWITCH_CLIENT_SECRET", "secret", settings.twitch_client_secret),
        )
        if not value
    ]
    if problems:
        raise SettingsError("\n".join(problems))
