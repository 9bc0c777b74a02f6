"""The account that a reader logs in as."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from common.settings import Settings, SettingsError, read_settings
from common.token_store import locked_token_store
from readers.twitch.credentials import (
    Credentials,
    advised,
    check_login,
    check_nick,
    credentials,
    has_account,
)
from readers.twitch.errors import LoginRefusedError
from tests.common.store_writers import TOKEN


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return the path of a token store that does not exist yet."""
    return tmp_path / "tokenStore.json"


def settings_with(store: Path, **more: str) -> Settings:
    """Return settings with the token store at *store*."""
    return read_settings({"TWITCH_TOKEN_STORE": str(store), **more})


def log_in(store: Path, **changes: str) -> None:
    """Store a login, as auth does."""
    with locked_token_store(store) as locked:
        locked.write(msgspec.structs.replace(TOKEN, **changes))


STATIC = {"TWITCH_USERNAME": "staticbot", "TWITCH_OAUTH_TOKEN": "oauth:statictoken"}


def test_without_any_token_a_reader_is_anonymous(store: Path) -> None:
    """It uses one of the nicks that Twitch accepts without a password."""
    found = credentials(settings_with(store))
    assert re.fullmatch(r"justinfan\d{5}", found.nick)
    assert found.token is None
    assert not has_account(settings_with(store))


def test_a_static_token_is_used_with_its_username(store: Path) -> None:
    """The token is stored without the prefix, which the client adds."""
    settings = settings_with(store, **STATIC)
    assert credentials(settings)[:2] == ("staticbot", "statictoken")
    assert has_account(settings)


def test_the_token_store_has_precedence_over_the_static_token(store: Path) -> None:
    """Its token is renewed. The static token may have expired."""
    log_in(store)
    settings = settings_with(store, TWITCH_OAUTH_TOKEN="oauth:statictoken")
    check_login(settings)
    assert credentials(settings)[:2] == ("somebot", "firstaccess")


def test_a_renewed_token_is_used_for_the_next_connection(store: Path) -> None:
    """No token is cached between two calls."""
    settings = settings_with(store)
    log_in(store)
    assert credentials(settings).token == "firstaccess"
    log_in(store, access_token="secondaccess")
    assert credentials(settings).token == "secondaccess"
    assert has_account(settings)


def test_a_static_token_without_a_username_is_an_invalid_setting(store: Path) -> None:
    """An error at the start. A token store, which may be made later, needs no username."""
    settings = settings_with(store, TWITCH_OAUTH_TOKEN="oauth:statictoken")
    with pytest.raises(SettingsError, match="TWITCH_USERNAME is not set"):
        check_login(settings)
    with pytest.raises(LoginRefusedError, match="TWITCH_USERNAME is not set"):
        credentials(settings)
    log_in(store)
    check_login(settings)
    assert credentials(settings).nick == "somebot"


PLAIN = {"TWITCH_IRC_TLS": "false", "TWITCH_IRC_HOST": "irc.example.org"}


def test_no_token_is_sent_to_another_host_without_encryption(store: Path) -> None:
    """The reader does not start. If the login is made later, it does not log in."""
    with pytest.raises(SettingsError, match="TWITCH_IRC_TLS is false"):
        check_login(settings_with(store, **STATIC, **PLAIN))
    check_login(settings_with(store, **PLAIN))
    log_in(store)
    with pytest.raises(SettingsError, match="TWITCH_IRC_TLS is false"):
        check_login(settings_with(store, **PLAIN))
    with pytest.raises(LoginRefusedError, match="TWITCH_IRC_TLS is false"):
        credentials(settings_with(store, **PLAIN))


def test_an_anonymous_reader_may_use_another_host_without_encryption(store: Path) -> None:
    """It has no secret."""
    check_login(settings_with(store, **PLAIN))
    assert credentials(settings_with(store, **PLAIN)).token is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "::1", "127.8.9.10"])
def test_a_token_may_be_sent_on_this_host_without_encryption(store: Path, host: str) -> None:
    """To the simulator, or to a bouncer."""
    log_in(store)
    settings = settings_with(store, **PLAIN | {"TWITCH_IRC_HOST": host})
    check_login(settings)
    assert credentials(settings).token == "firstaccess"


def test_a_store_that_others_can_read_is_refused(store: Path) -> None:
    """It counts as a refused login, which is retried: a person can repair the file."""
    log_in(store)
    store.chmod(0o644)
    with pytest.raises(LoginRefusedError, match="chmod 600"):
        credentials(settings_with(store))


def test_a_login_of_another_account_than_the_username_is_refused(store: Path) -> None:
    """The error names both accounts."""
    log_in(store)
    with pytest.raises(LoginRefusedError, match=r"somebot.* TWITCH_USERNAME is otherbot"):
        credentials(settings_with(store, TWITCH_USERNAME="OtherBot"))
    assert credentials(settings_with(store, TWITCH_USERNAME="SomeBot")).nick == "somebot"


def test_another_nick_than_the_username_is_refused() -> None:
    """Twitch assigns the nick of the token's account, whatever NICK asks for."""
    wanted = Credentials("somebot", "token")
    check_nick(wanted, "somebot")
    with pytest.raises(LoginRefusedError, match="belongs to other, but TWITCH_USERNAME is somebot"):
        check_nick(wanted, "other")


def test_a_stored_account_may_have_been_renamed(store: Path) -> None:
    """The store's login came from Twitch, so another nick is a new name of the same account."""
    log_in(store)
    check_nick(credentials(settings_with(store)), "newname")


def test_an_anonymous_reader_may_get_any_nick() -> None:
    """It has no account to compare with."""
    check_nick(Credentials("justinfan12345", None), "justinfan67890")


@pytest.mark.parametrize("source", ["store", "static"])
def test_a_refusal_says_what_to_check(store: Path, source: str) -> None:
    """The advice depends on where the token came from."""
    if source == "store":
        log_in(store)
    found = credentials(settings_with(store, **({} if source == "store" else STATIC)))
    with pytest.raises(LoginRefusedError) as raised, advised(found):
        raise LoginRefusedError("Login authentication failed")
    text = str(raised.value)
    assert text.startswith("Login authentication failed: ")
    assert "auth status`" in text
    assert ("TWITCH_OAUTH_TOKEN" in text) == (source == "static")


def test_credentials_do_not_show_their_token() -> None:
    """The token is not in their representation, which may be logged."""
    assert "secret" not in repr(Credentials("somebot", "secret"))
