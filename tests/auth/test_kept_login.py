"""The login in the store, or in memory while it cannot be stored."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from auth.errors import TwitchUnreachableError
from auth.kept_login import KeptLogin
from common.token_store import StoredToken, TokenStoreError, locked_token_store, read_token
from tests.auth.scene import messages
from tests.common.store_writers import TOKEN, numbered
from tests.full_disk import largest_file

Ask = Callable[[StoredToken], StoredToken]


@pytest.fixture
def login(store: Path) -> KeptLogin:
    """Return the login that is in the store."""
    write(store, TOKEN)
    return KeptLogin(store)


def write(store: Path, token: StoredToken) -> None:
    """Store *token*."""
    with locked_token_store(store) as locked:
        locked.write(token)


def twitch(store: Path, number: int, *, mode: int = 0o600) -> Ask:
    """Return a function that renews a token as login *number*, while *store* gets *mode*."""

    def ask(token: StoredToken) -> StoredToken:
        store.chmod(mode)
        return msgspec.structs.replace(
            token, access_token=f"access{number}", refresh_token=f"refresh{number}"
        )

    return ask


def not_asked(_: StoredToken) -> StoredToken:
    """Fail."""
    raise AssertionError("Twitch was asked")


def test_a_renewed_login_is_stored(
    login: KeptLogin, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And returned. There is nothing to log."""
    with caplog.at_level(logging.INFO):
        renewed = login.renew(TOKEN, twitch(store, 1))
    assert not caplog.messages
    assert renewed == login.read() == read_token(store)
    assert renewed is not None
    assert renewed.access_token == "access1"
    assert login.stop()


def test_a_store_that_cannot_be_read_is_found_before_twitch_is_asked(
    login: KeptLogin, store: Path
) -> None:
    """The refresh token is not spent."""
    store.chmod(0o644)
    with pytest.raises(TokenStoreError, match="chmod 600"):
        login.renew(TOKEN, not_asked)
    store.chmod(0o600)
    assert login.read() == TOKEN


def test_a_store_that_cannot_be_written_is_found_before_twitch_is_asked(
    login: KeptLogin,
) -> None:
    """It is written once more as it is."""
    with largest_file(0), pytest.raises(TokenStoreError, match="cannot write"):
        login.renew(TOKEN, not_asked)
    assert login.read() == TOKEN


def test_a_failed_renewal_leaves_everything_as_it_was(login: KeptLogin, store: Path) -> None:
    """The lock is released."""

    def away(_: StoredToken) -> StoredToken:
        raise TwitchUnreachableError("away")

    with pytest.raises(TwitchUnreachableError):
        login.renew(TOKEN, away)
    assert login.read() == TOKEN
    assert login.renew(TOKEN, twitch(store, 1))


def test_a_login_that_is_made_before_a_renewal_is_not_overwritten(
    login: KeptLogin, store: Path
) -> None:
    """The store is read again under the lock."""
    write(store, numbered(5))
    assert login.renew(TOKEN, not_asked) is None
    assert login.read() == numbered(5)


def test_a_renewed_login_stays_in_memory_until_it_can_be_stored(
    login: KeptLogin, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says so, and one that it is stored. Neither has the token."""
    with caplog.at_level(logging.INFO):
        renewed = login.renew(TOKEN, twitch(store, 1, mode=0o644))
        for _ in range(3):
            assert login.read() is renewed
        assert b"access1" not in store.read_bytes()
        (error,) = messages(caplog, logging.ERROR)
        assert "in memory only" in error
        assert f"chmod 600 {store}" in error
        store.chmod(0o600)
        assert login.read() == renewed
        assert read_token(store) == renewed
        assert renewed is not None
        assert login.renew(renewed, twitch(store, 2))
    assert messages(caplog, logging.INFO) == ["the token store can be written again"]
    assert "access1" not in caplog.text
    assert "refresh1" not in caplog.text


def test_a_login_in_memory_is_renewed(login: KeptLogin, store: Path) -> None:
    """Neither the store nor its lock is needed for it: only this process has it."""
    first = login.renew(TOKEN, twitch(store, 1, mode=0o644))
    assert first is not None
    second = login.renew(first, twitch(store, 2, mode=0o644))
    assert second is not None
    assert login.read() is second
    assert login.renew(second, twitch(store, 3, mode=0o600)) == read_token(store)


def test_a_lock_that_cannot_be_taken_is_reported_for_a_login_in_memory(
    login: KeptLogin, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is another reason than the one before."""
    renewed = login.renew(TOKEN, twitch(store, 1, mode=0o644))
    caplog.clear()
    lock = store.with_name(f"{store.name}.lock")
    lock.unlink()
    lock.mkdir()
    assert login.read() is renewed
    (error,) = messages(caplog, logging.ERROR)
    assert "the renewed login of somebot is in memory only" in error
    assert f"cannot write {store}: Is a directory" in error


def test_a_login_in_memory_is_stored_when_auth_stops(login: KeptLogin, store: Path) -> None:
    """It is the last opportunity."""
    renewed = login.renew(TOKEN, twitch(store, 1, mode=0o644))
    store.chmod(0o600)
    assert login.stop()
    assert read_token(store) == renewed


def test_a_login_that_is_lost_is_reported(
    login: KeptLogin, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the reason, and what to do."""
    login.renew(TOKEN, twitch(store, 1, mode=0o644))
    assert not login.stop()
    assert "the renewed login of somebot is lost" in caplog.text
    assert "auth login`" in caplog.text


@pytest.mark.parametrize("other", [numbered(5), None])
def test_a_login_that_a_person_makes_or_removes_replaces_the_one_in_memory(
    login: KeptLogin, store: Path, other: StoredToken | None
) -> None:
    """It is what the person wants now."""
    login.renew(TOKEN, twitch(store, 1, mode=0o644))
    store.unlink()
    if other:
        write(store, other)
    assert login.read() == other
    assert login.stop()
    assert read_token(store) == other


def test_a_store_that_is_damaged_meanwhile_gets_the_login_in_memory(
    login: KeptLogin, store: Path
) -> None:
    """A write in place may have failed halfway."""
    renewed = login.renew(TOKEN, twitch(store, 1, mode=0o644))
    store.write_bytes(b'{"access')
    store.chmod(0o600)
    assert login.read() == renewed == read_token(store)


def test_a_damaged_store_is_restored_from_its_copy(login: KeptLogin, store: Path) -> None:
    """A crash of the host may interrupt a write in place. The copy is removed: it is a secret."""
    copy = store.with_name(f".{store.name}.abc")
    store.rename(copy)
    store.touch(0o600)
    assert login.read() == TOKEN == read_token(store)
    assert not copy.exists()


def test_a_damaged_store_without_a_usable_copy_is_an_error(login: KeptLogin, store: Path) -> None:
    """The copy itself may be incomplete."""
    store.with_name(f".{store.name}.abc").touch(0o600)
    store.write_bytes(b"{")
    with pytest.raises(TokenStoreError, match="is not a token store"):
        login.read()
