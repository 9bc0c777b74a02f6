"""The OAuth server of `python -m simulator --oauth`: one application, and one account."""

from __future__ import annotations

from simulator.oauth_server import OAuthServer
from simulator.oauth_state import OAuthState, RegisteredApplication

#: Made up, and known to everybody: they open nothing but this server, on this machine.
_CLIENT_ID = "localclient"
_CLIENT_SECRET = "localsecret"  # noqa: S105

#: The default of TWITCH_REDIRECT_URI.
_REDIRECT_URI = "http://localhost:3000/auth/callback"


def local_oauth_server(port: int) -> OAuthServer:
    """Return the server, not yet started. Raises OSError if the port is in use."""
    application = RegisteredApplication(_CLIENT_SECRET, (_REDIRECT_URI,))
    return OAuthServer(OAuthState({_CLIENT_ID: application}), port=port)


def oauth_settings(server: OAuthServer) -> dict[str, str]:
    """Return the settings with which `auth` uses *server*."""
    return {
        "TWITCH_AUTH_URL": server.url,
        "TWITCH_CLIENT_ID": _CLIENT_ID,
        "TWITCH_CLIENT_SECRET": _CLIENT_SECRET,
    }
