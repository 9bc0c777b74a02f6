"""
The token store: the file in which auth keeps a login, and from which readers take its token.

1. It is replaced as a whole, so whoever reads it sees one login or the next, never a mixture.
2. It is changed under a lock, by one process at a time. Reading takes no lock.
3. Only its owner may read it: one that others can read is refused.
4. What a later version may have added to it is kept.
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

#: Seconds that a change waits for another one. A renewal holds the lock while it talks to Twitch.
LOCK_WITHIN_S = 60.0

_LARGEST_BYTES = 1024 * 1024

#: What can stand in a line of IRC and in a header of HTTP.
Token = Annotated[str, msgspec.Meta(pattern="^[!-~]+$")]


class TokenStoreError(Exception):
    """Raised when the token store cannot be used. The text says why, and what to do about it."""


class StoredToken(msgspec.Struct, frozen=True, kw_only=True):
    """A login: an access token, whose it is, and what it takes to renew it."""

    access_token: Token
    #: None when the token cannot be renewed.
    refresh_token: Token | None = None
    #: Login name and id of the account that the token belongs to.
    login: str
    user_id: str
    #: The Twitch application that the token was issued to.
    client_id: str
    scopes: list[str]
    #: Unix time in seconds.
    obtained_at: float
    expires_at: float

    def __repr__(self) -> str:
        return f"StoredToken(login={self.login!r}, expires_at={self.expires_at!r})"


def read_token(path: Path) -> StoredToken | None:
    """
    Return the login in the store at *path*, or None when there is no store.

    Raises TokenStoreError when there is one that cannot be read, or that others can.
    """
    fields = _read_fields(path)
    if fields is None:
        return None
    try:
        return msgspec.convert(fields, StoredToken)
    except msgspec.ValidationError as error:
        raise TokenStoreError(f"{_broken(path)} ({error})") from None


class LockedTokenStore:
    """The store while this process holds its lock: see `locked_token_store`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> StoredToken | None:
        """Do what `read_token` does."""
        return read_token(self._path)

    def write(self, token: StoredToken) -> None:
        """
        Put *token* in the place of the login that is stored.

        Raises TokenStoreError when that fails; what is stored is then untouched.
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
        """Remove the store. Raises TokenStoreError when that fails."""
        try:
            self._path.unlink(missing_ok=True)
            self._remove_leftovers()
        except OSError as error:
            raise TokenStoreError(f"cannot remove {self._path}: {error.strerror}") from None

    def _remove_leftovers(self) -> None:
        """Remove what a process that was killed while it wrote has left: it holds a token, too."""
        for entry in self._path.parent.iterdir():
            if entry.name.startswith(f".{self._path.name}."):
                entry.unlink(missing_ok=True)


@contextmanager
def locked_token_store(path: Path) -> Iterator[LockedTokenStore]:
    """
    Hold the lock of the store at *path*: nobody else changes it meanwhile.

    The folder is made if it is not there. Raises TokenStoreError when the lock cannot be had.
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
    """Raised when the file holds something else, or half of it."""


def _read_fields(path: Path) -> dict[str, Any] | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TokenStoreError(f"cannot read {path}: {error.strerror}") from None
    try:
        # The file that is open is the one that is checked, whatever its name leads to by now.
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
            f"{path} holds tokens, but not only its owner has access to it: run"
            f" `chmod 600 {path}`; if others may have read it, `python -m auth revoke` and a new"
            " login make what they know worthless"
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
            f"{path} was written by a newer release (its version is {version}, this one knows"
            f" {VERSION}): run that release, or remove the file and log in anew"
        )
    return fields


def _broken(path: Path) -> str:
    return f"{path} is not a token store: run `python -m auth login`, which writes it anew"
