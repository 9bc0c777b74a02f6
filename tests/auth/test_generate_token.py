"""`python -m auth generate-token`, which makes a static token."""

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
    """A person who opens the printed address and pastes the result."""

    def __init__(self, decision: str = "authorize", paste: str = "{location}") -> None:
        """*paste* may contain {location}, the address of the redirect, and {code}."""
        self.printed: list[str] = []
        self._decision = decision
        self._paste = paste

    def ask(self) -> str:
        """Open the printed address; return the pasted text."""
        (url,) = [line.strip() for line in self.printed if "/authorize?" in line]
        location = authorize(url, self._decision)
        code = parse_qs(urlsplit(location).query).get("code", [""])[0]
        return self._paste.format(location=location, code=code)

    def generate(self, settings: Settings) -> tuple[str, Validation]:
        """Generate a token; return it with Twitch's validation of it."""
        tokens, found = generate_token(settings, self.printed.append, self.ask)
        return tokens.access_token, found


@pytest.mark.parametrize(
    "paste", ["{location}", "  {location}\n", '"{location}"', "{code}", " {code} "]
)
def test_the_address_or_the_code_can_be_pasted(
    settings_for: SettingsFor, twitch: OAuthServer, paste: str
) -> None:
    """With the blanks and quotation marks that a terminal may add."""
    token, found = Person(paste=paste).generate(settings_for())
    assert token in twitch.state.valid_tokens
    assert found.login == "somebot"


def test_a_redirect_uri_need_not_point_to_this_program(
    settings_for: SettingsFor, twitch: OAuthServer
) -> None:
    """Many applications have registered http://localhost."""
    app = twitch.state.applications["someclient"]
    twitch.state.applications["someclient"] = type(app)(app.secret, ("http://localhost",))
    token, _ = Person().generate(settings_for(TWITCH_REDIRECT_URI="http://localhost"))
    assert token in twitch.state.valid_tokens


def test_the_address_of_another_login_is_refused(settings_for: SettingsFor) -> None:
    """Its state is different."""
    with pytest.raises(LoginFailedError, match="does not belong to this login"):
        Person(paste="http://localhost/?code={code}&state=other").generate(settings_for())


def test_a_cancelled_login_is_reported(settings_for: SettingsFor) -> None:
    """The pasted address contains an error instead of a code."""
    with pytest.raises(RefusedError, match="Cancel"):
        Person("deny").generate(settings_for())


@pytest.mark.parametrize("paste", ["", "no code", "http://localhost/", "oauth:abc"])
def test_pasted_text_without_a_code_is_refused(settings_for: SettingsFor, paste: str) -> None:
    """The error says what to paste instead."""
    with pytest.raises(LoginFailedError, match="address bar"):
        Person(paste=paste).generate(settings_for())


def test_a_made_up_code_is_refused(settings_for: SettingsFor) -> None:
    """Twitch refuses it."""
    with pytest.raises(GrantRefusedError, match="can be used once"):
        Person(paste="abc123").generate(settings_for())


def test_an_account_other_than_the_username_is_refused(settings_for: SettingsFor) -> None:
    """Readers would refuse it, too."""
    with pytest.raises(LoginFailedError, match="TWITCH_USERNAME is another"):
        Person().generate(settings_for(TWITCH_USERNAME="another"))


def test_an_application_is_required(settings_for: SettingsFor) -> None:
    """The error names all missing settings."""
    with pytest.raises(SettingsError) as raised:
        Person().generate(settings_for(TWITCH_CLIENT_ID="", TWITCH_CLIENT_SECRET=""))
    assert len(str(raised.value).splitlines()) == 2


def test_closed_standard_input_is_reported(settings_for: SettingsFor) -> None:
    """The error says that nothing was pasted."""

    def closed() -> str:
        raise EOFError

    with pytest.raises(LoginFailedError, match="nothing was pasted"):
        generate_token(settings_for(), print, closed)
