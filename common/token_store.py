"""
The token store: the file to which auth writes a login, and from which readers read its token.

1. It is replaced atomically: a read returns the old login or the new one, never a mixture.
2. It is changed under a lock, by one process at a time. Reading takes no lock.
3. Only its owner may read it. A file that others can read is refused.
4. Unknown fields, which a later version may have added, are preserved.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec

from common.file_lock import file_lock
from common.files import OWNER_ONLY, replace_file

VERSION = 1

#: Seconds to wait for the lock. A renewal holds it during its requests to Twitch.
LOCK_WITHIN_S = 60.0

_LARGEST_BYTES = 1024 * 1024

#: Characters that are valid in an IRC line and in an HTTP header.
Token = Annotated[str, msgspec.Meta(pattern="^[!-~]+$")]


class TokenStoreError(Exception):
    """Raised when the token store cannot be used. The text says why, and how to fix it."""


class StoredToken(msgspec.Struct, frozen=True, kw_only=True):
    """A login: an access token, its account, and what is needed to renew it."""

    access_token: Token
    #: None if the token cannot be renewed.
    refresh_token: Token | None = None
    #: Login name and id of the account that the token belongs to.
    login: str
    user_id: str
    #: The Twitch application that the token was issued to.
    client_id: str
    scopes: list[str]
    #: Unix times in seconds.
    obtained_at: float
    expires_at: float

    def __repr__(self) -> str:
        return f"StoredToken(login={self.login!r}, expires_at={self.expires_at!r})"


def read_token(path: Path) -> StoredToken | None:
    """
    Return the login in the store at *path*, or None if the store does not exist.

    Raises TokenStoreError if the store cannot be read or is invalid, or if other users can read it.
    """
    fields = _read_fields(path)
    if fields is None:
        return None
    try:
        return msgspec.convert(fields, StoredToken)
    except msgspec.ValidationError as error:
        raise TokenStoreError(f"{_broken(path)} ({error})") from None


class LockedTokenStore:
    """The store, while this process holds its lock: see `locked_token_store`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> StoredToken | None:
        """Return the login, like `read_token`."""
        return read_token(self._path)

    def write(self, token: StoredToken) -> None:
        """
        Replace the stored login with *token*.

        Raises TokenStoreError if that fails; the stored login is then unchanged.
        """
        try:
            fields = _read_fields(self._path) or {}
        except _NotAStoreError:
            fields = {}
        fields |= {"version": VERSION} | msgspec.to_builtins(token)
        content = msgspec.json.format(msgspec.json.encode(fields)) + b"\n"
        try:
            self._remove_leftovers()
            replace_file(self._path, content, OWNER_ONLY)
        except OSError as error:
            raise TokenStoreError(f"cannot write {self._path}: {error.strerror}") from None

    def remove(self) -> None:
        """Remove the store. Raises TokenStoreError if that fails."""
        try:
            self._path.unlink(missing_ok=True)
            self._remove_leftovers()
        except OSError as error:
            raise TokenStoreError(f"cannot remove {self._path}: {error.strerror}") from None

    def _remove_leftovers(self) -> None:
        """Remove temporary files of a killed process: they contain tokens."""
        for entry in self._path.parent.iterdir():
            if entry.name.startswith(f".{self._path.name}."):
                entry.unlink(missing_ok=True)


@contextmanager
def locked_token_store(path: Path) -> Iterator[LockedTokenStore]:
    """
    Hold the lock of the store at *path*, so that no other process changes it.

    Creates the folder if it does not exist. Raises TokenStoreError if the lock cannot be taken.
    """
    with ExitStack() as held:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock_path = path.with_name(f"{path.name}.lock")
            held.enter_context(file_lock(lock_path, within_s=LOCK_WITHIN_S))
        except TimeoutError as error:
            raise TokenStoreError(str(error)) from None
        except OSError as error:
            raise TokenStoreError(f"cannot write {path}: {error.strerror}") from None
        yield LockedTokenStore(path)


class _NotAStoreError(TokenStoreError):
    """Raised when the file is not a complete token store."""


def _read_fields(path: Path) -> dict[str, Any] | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TokenStoreError(f"cannot read {path}: {error.strerror}") from None
    try:
        # Check the open file: the path may already point to another one.
        _check_mode(path, os.fstat(descriptor))
        content = os.read(descriptor, _LARGEST_BYTES)
    finally:
        os.close(descriptor)
    return _parse(path, content)


def _check_mode(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise TokenStoreError(f"{path} is not a file")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise TokenStoreError(
            f"{path} holds tokens, but other users have access to it: run `chmod 600 {path}`;"
            " if others may have read it, also run `python -m auth revoke`, and log in again"
        )


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _NotAStoreError(_broken(path)) from None
    version = fields.get("version")
    if not isinstance(version, int):
        raise _NotAStoreError(_broken(path))
    if version > VERSION:
        raise TokenStoreError(
            f"{path} was written by a newer release (its version is {version}, this release"
            f" supports {VERSION}): upgrade, or remove the file and log in again"
        )
    return fields


def _broken(path: Path) -> str:
    return f"{path} is not a token store: run `python -m auth login`, which replaces it"
