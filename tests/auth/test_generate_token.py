"""A static token, made by hand."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from auth.errors import GrantRefusedError, LoginFailedError, RefusedError
from auth.generate_token import generate_token
from auth.responses import Validation
from common.settings import Settings, SettingsError
from simulator.oauth_server import OAuthServer
from tests.auth.conftest import SettingsFor
from tests.auth.people import authorize


class Person:
    """Somebody who opens the address that is shown, and pastes what comes of it."""

    def __init__(self, decision: str = "authorize", paste: str = "{location}") -> None:
        """*paste* may hold {location}, where the browser was led to, and {code}."""
        self.said: list[str] = []
        self._decision = decision
        self._paste = paste

    def ask(self) -> str:
        """Do it."""
        (url,) = [line.strip() for line in self.said if "/authorize?" in line]
        location = authorize(url, self._decision)
        code = parse_qs(urlsplit(location).query).get("code", [""])[0]
        return self._paste.format(location=location, code=code)

    def go(self, settings: Settings) -> tuple[str, Validation]:
        """Return the access token that comes of it, and whose it is."""
        tokens, found = generate_token(settings, self.said.append, self.ask)
        return tokens.access_token, found


@pytest.mark.parametrize(
    "paste", ["{location}", "  {location}\n", '"{location}"', "{code}", " {code} "]
)
def test_the_address_or_the_code_is_pasted(
    settings_for: SettingsFor, twitch: OAuthServer, paste: str
) -> None:
    """Either will do, with what a terminal may add."""
    token, found = Person(paste=paste).go(settings_for())
    assert token in twitch.state.valid_tokens
    assert found.login == "somebot"


def test_a_redirect_uri_need_not_lead_to_us(settings_for: SettingsFor, twitch: OAuthServer) -> None:
    """http://localhost is what many have registered."""
    app = twitch.state.applications["someclient"]
    twitch.state.applications["someclient"] = type(app)(app.secret, ("http://localhost",))
    token, _ = Person().go(settings_for(TWITCH_REDIRECT_URI="http://localhost"))
    assert token in twitch.state.valid_tokens


def test_the_address_of_another_login_is_refused(settings_for: SettingsFor) -> None:
    """Its state is another one."""
    with pytest.raises(LoginFailedError, match="does not belong to this login"):
        Person(paste="http://localhost/?code={code}&state=other").go(settings_for())


def test_who_cancels_has_nothing_to_paste_but_the_error(settings_for: SettingsFor) -> None:
    """Which is understood."""
    with pytest.raises(RefusedError, match="Cancel"):
        Person("deny").go(settings_for())


@pytest.mark.parametrize("paste", ["", "no code", "http://localhost/", "oauth:abc"])
def test_what_is_no_code_is_refused(settings_for: SettingsFor, paste: str) -> None:
    """With what to paste instead."""
    with pytest.raises(LoginFailedError, match="address bar"):
        Person(paste=paste).go(settings_for())


def test_a_made_up_code_is_refused(settings_for: SettingsFor) -> None:
    """By Twitch."""
    with pytest.raises(GrantRefusedError, match="can be used once"):
        Person(paste="abc123").go(settings_for())


def test_another_account_than_the_username_is_refused(settings_for: SettingsFor) -> None:
    """Readers would refuse it, too."""
    with pytest.raises(LoginFailedError, match="TWITCH_USERNAME is another"):
        Person().go(settings_for(TWITCH_USERNAME="another"))


def test_an_application_is_needed(settings_for: SettingsFor) -> None:
    """All that is missing is named at once."""
    with pytest.raises(SettingsError) as raised:
        Person().go(settings_for(TWITCH_CLIENT_ID="", TWITCH_CLIENT_SECRET=""))
    assert len(str(raised.value).splitlines()) == 2


def test_nothing_pasted_is_no_traceback(settings_for: SettingsFor) -> None:
    """As when standard input is closed."""

    def closed() -> str:
        raise EOFError

    with pytest.raises(LoginFailedError, match="nothing was pasted"):
        generate_token(settings_for(), print, closed)
