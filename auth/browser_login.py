"""`python -m auth login`: log in with a browser on this machine."""

from __future__ import annotations

import errno
import os
import secrets
import sys
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from auth.account import check_store, complete_login
from auth.errors import LoginFailedError
from auth.login_server import START_PATH, Login, LoginServer
from auth.twitch_oauth import NO_CLIENT_ID, application, authorize_url, exchange_code
from common.command_line import command
from common.setting_values import is_loopback
from common.settings import Settings, SettingsError
from common.token_store import StoredToken

#: Seconds within which a person must log in.
WITHIN_S = 600.0


def log_in_with_browser(
    settings: Settings, say: Callable[[str], None], open_url: Callable[[str], None]
) -> StoredToken:
    """
    Wait until a person has logged in with a browser; store the login and return it.

    *open_url* is called with the URL to open. Raises SettingsError if the settings do not allow a
    browser login, AuthError if the login fails, and TokenStoreError if it cannot be stored.
    """
    check_settings(settings)
    check_store(settings)
    state = secrets.token_urlsafe()
    app, redirect_uri = application(settings), settings.twitch_redirect_uri
    login = Login(
        authorize_url=authorize_url(app, redirect_uri, settings.twitch_scopes, state),
        callback_path=urlsplit(redirect_uri).path,
        state=state,
        finish=lambda code: complete_login(settings, exchange_code(app, code, redirect_uri)),
    )
    with _server(settings.twitch_auth_port, login) as server:
        url = f"http://localhost:{settings.twitch_auth_port}{START_PATH}"
        say(f"To log in, open {url} in a browser on this machine. Press Ctrl-C to cancel.")
        open_url(url)
        return server.wait(WITHIN_S)


def open_on_desktop(url: str) -> None:
    """Open *url* in a browser, if there is a desktop."""
    if has_desktop(os.environ):
        # If no window opens, the person can still open the URL that was printed.
        with suppress(webbrowser.Error):
            webbrowser.open(url)


def has_desktop(environment: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Return whether there is a desktop. Without one, webbrowser would start a text browser."""
    return platform == "darwin" or any(
        environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def check_settings(settings: Settings) -> None:
    """Raise SettingsError if the settings are incomplete or wrong for a browser login."""
    problems = []
    if not settings.twitch_client_id:
        problems.append(NO_CLIENT_ID)
    if not settings.twitch_client_secret:
        problems.append(
            "TWITCH_CLIENT_SECRET is not set, but should hold your application's secret; a Public"
            f" application has none: use `{command('auth', 'login', '--device')}`"
        )
    problems += _redirect_problems(settings.twitch_redirect_uri, settings.twitch_auth_port)
    if problems:
        raise SettingsError("\n".join(problems))


def _redirect_problems(redirect_uri: str, auth_port: int) -> list[str]:
    url = urlsplit(redirect_uri)
    if url.scheme != "http" or not is_loopback(redirect_uri):
        return [
            f"TWITCH_REDIRECT_URI holds {redirect_uri!r}, but the server for this login can only be"
            " reached at http://localhost;"
            f" `{command('auth', 'generate-token', '--write')}` works with any URL"
        ]
    if (url.port or 80) != auth_port:
        return [
            f"TWITCH_REDIRECT_URI has port {url.port or 80}, but TWITCH_AUTH_PORT is {auth_port}:"
            " they must be the same"
        ]
    if url.path in {"", START_PATH}:
        return [f"TWITCH_REDIRECT_URI must have a path other than {START_PATH}"]
    return []


def _server(port: int, login: Login) -> LoginServer:
    try:
        return LoginServer(port, login)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise LoginFailedError(f"cannot listen on port {port}: {error.strerror}") from None
        raise LoginFailedError(
            f"another program listens on port {port}: stop it, or set another port in"
            " TWITCH_AUTH_PORT and TWITCH_REDIRECT_URI, and register that redirect URL with Twitch"
        ) from None
