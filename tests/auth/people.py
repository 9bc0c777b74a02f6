"""Does on Twitch's pages what a person does, without a browser."""

from __future__ import annotations

import re
from html import unescape

import requests

from simulator.oauth_server import OAuthServer
from simulator.oauth_state import Grant

TIMEOUT_S = 60

#: The applications that are registered with the local OAuth server.
CLIENT_ID = "someclient"
CLIENT_SECRET = "somesecret"
PUBLIC_CLIENT_ID = "publicclient"


def authorize(url: str, decision: str = "authorize") -> str:
    """Open *url*, press the button *decision*, and return the address of the redirect."""
    page = requests.get(url, timeout=TIMEOUT_S)
    hidden = re.findall(r'name="([^"]+)" value="([^"]*)"', page.text)
    fields = {name: unescape(value) for name, value in hidden} | {"decision": decision}
    response = requests.post(page.url, data=fields, timeout=TIMEOUT_S, allow_redirects=False)
    return response.headers["Location"]


def log_in(twitch: OAuthServer, client_id: str = CLIENT_ID) -> tuple[str, str]:
    """Return an access token and a refresh token of a login made before the test."""
    grant = Grant(client_id, twitch.state.login, ["chat:read"])
    tokens = twitch.state.issue(grant)
    return str(tokens["access_token"]), str(tokens["refresh_token"])
