"""What a person does at Twitch's pages, without a browser."""

from __future__ import annotations

import re
from html import unescape

import requests

from simulator.oauth_server import OAuthServer
from simulator.oauth_state import Grant

TIMEOUT_S = 10

#: What Twitch knows the applications as.
CLIENT_ID = "someclient"
CLIENT_SECRET = "somesecret"
PUBLIC_CLIENT_ID = "publicclient"


def authorize(url: str, decision: str = "authorize") -> str:
    """Open *url*, click on a button of the page it leads to; return where that leads."""
    page = requests.get(url, timeout=TIMEOUT_S)
    hidden = re.findall(r'name="([^"]+)" value="([^"]*)"', page.text)
    fields = {name: unescape(value) for name, value in hidden} | {"decision": decision}
    answer = requests.post(page.url, data=fields, timeout=TIMEOUT_S, allow_redirects=False)
    return answer.headers["Location"]


def log_in(twitch: OAuthServer, client_id: str = CLIENT_ID) -> tuple[str, str]:
    """Return an access token and a refresh token, as a login before the test got them."""
    grant = Grant(client_id, twitch.state.login, ["chat:read"])
    tokens = twitch.state.issue(grant)
    return str(tokens["access_token"]), str(tokens["refresh_token"])
