"""
The token store: the file to which auth writes a login, and from which readers read its token.

1. It is replaced atomically: a read returns the old login or the new one, never a mixture. Where
   it cannot be replaced, it is written in place (`common/rewrite.py`).
2. It is changed under a lock, by one process at a time. Reading takes no lock.
3. Only its owner may read it. A file that others can read is refused.
4. Unknown fields, which a later version may have added, are preserved.
5. Line breaks at its end fill whole blocks, so a later login fits into the room that it has.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec

from common.command_line import command
from common.file_lock import file_lock
from common.files import OWNER_ONLY, read_small_file
from common.rewrite import copies, rewrite_file

VERSION = 1

#: Seconds to wait for the lock. A renewal holds it during its requests to Twitch.
LOCK_WITHIN_S = 60.0

_LARGEST_BYTES = 1024 * 1024

#: File systems give room in blocks of this size, or of a part of it.
_BLOCK_BYTES = 4096

#: Bytes that a later login may be longer than this one.
_SPARE_BYTES = 512

#: There can be no new file in the folder.
_FOLDER_IS_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}

#: Characters that are valid in an IRC line and in an HTTP header.
Token = Annotated[str, msgspec.Meta(pattern="^[!-~]+$")]

#: Unix time in seconds, before the year 10000: later ones cannot be shown as a date.
Moment = Annotated[float, msgspec.Meta(ge=0, lt=253_402_300_800)]


class TokenStoreError(Exception):
    """Raised when the token store cannot be used. The text says why, and how to fix it."""


class NotATokenStoreError(TokenStoreError):
    """Raised when the file is not a complete token store."""


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
    obtained_at: Moment
    expires_at: Moment

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


def has_token_store(path: Path) -> bool:
    """Return whether there is something at *path*, even if it cannot be read."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


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

        Raises TokenStoreError if that fails. The stored login is then unchanged, unless the store
        had to be written in place.
        """
        try:
            fields = _read_fields(self._path) or {}
            self._remove_copies()
        except NotATokenStoreError:
            fields = {}  # a copy may be the only login that is left
        fields |= {"version": VERSION} | msgspec.to_builtins(token)
        self._rewrite(msgspec.json.format(msgspec.json.encode(fields)))

    def check_writable(self) -> None:
        """
        Check that a login can be written: write the stored one once more, with room for another.

        Raises TokenStoreError if that fails.
        """
        with suppress(NotATokenStoreError):
            if _read_fields(self._path) is not None:
                self._rewrite(_read(self._path))

    def restore(self) -> StoredToken | None:
        """
        Return the login, like `read`. If the store is damaged, first restore it from a copy.

        There is one if a crash of the host interrupted a write in place. Raises TokenStoreError.
        """
        try:
            return self.read()
        except NotATokenStoreError:
            for copy in self._copies():
                with suppress(TokenStoreError):
                    if token := read_token(copy):
                        self.write(token)
                        self._remove_copies()
                        return token
            raise

    def remove(self) -> None:
        """Remove the store. Raises TokenStoreError if that fails."""
        try:
            self._path.unlink(missing_ok=True)
            for copy in copies(self._path):
                copy.unlink()
        except OSError as error:
            raise TokenStoreError(f"cannot remove {self._path}: {error.strerror}") from None

    def _rewrite(self, content: bytes) -> None:
        content = content.rstrip()
        size = -(-(len(content) + _SPARE_BYTES) // _BLOCK_BYTES) * _BLOCK_BYTES
        try:
            rewrite_file(self._path, content.ljust(size, b"\n"))
        except OSError as error:
            raise TokenStoreError(f"cannot write {self._path}: {error.strerror}") from None

    def _remove_copies(self) -> None:
        """Remove what a killed process has left, if possible: it contains tokens."""
        with suppress(OSError):
            for copy in self._copies():
                copy.unlink()

    def _copies(self) -> list[Path]:
        try:
            return copies(self._path)
        except OSError:
            return []


@contextmanager
def locked_token_store(path: Path) -> Iterator[LockedTokenStore]:
    """
    Hold the lock of the store at *path*, so that no other process changes it.

    Creates the folder if it does not exist. Raises TokenStoreError if the lock cannot be taken.
    """
    path = path.resolve()  # the lock is beside the file, not beside a link to it
    with ExitStack() as held:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            held.enter_context(file_lock(_lock_path(path), within_s=LOCK_WITHIN_S))
        except TimeoutError as error:
            raise TokenStoreError(str(error)) from None
        except OSError as error:
            raise TokenStoreError(f"cannot write {path}: {error.strerror}") from None
        yield LockedTokenStore(path)


def _lock_path(path: Path) -> Path:
    """Return the file to lock: the store itself if there can be no other file in its folder."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        os.close(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY))
    except OSError as error:
        if error.errno in _FOLDER_IS_CLOSED and path.is_file():
            # Then nobody replaces it either, so it remains the same file.
            return path
        raise
    return lock


def _read_fields(path: Path) -> dict[str, Any] | None:
    try:
        content = _read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TokenStoreError(f"cannot read {path}: {_reason(path, error)}") from None
    return _parse(path, content)


def _read(path: Path) -> bytes:
    """Return the content of the file at *path*. Raises OSError, or TokenStoreError for its mode."""
    return read_small_file(path, _LARGEST_BYTES, partial(_check_mode, path))


def _reason(path: Path, error: OSError) -> str:
    """Return why the store cannot be read, with whom it belongs to if that is the reason."""
    if isinstance(error, PermissionError):
        with suppress(OSError):
            owner = os.stat(path).st_uid
            if owner != os.geteuid():
                return f"it belongs to user {owner}, and this process runs as user {os.geteuid()}"
    return error.strerror or "unknown error"


def _check_mode(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise TokenStoreError(f"{path} is not a file")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        chmod = shlex.join(["chmod", "600", str(path)])
        raise TokenStoreError(
            f"{path} holds tokens, but other users have access to it: run `{chmod}`;"
            f" if others may have read it, also run `{command('auth', 'revoke')}`, and log in again"
        )


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotATokenStoreError(_broken(path)) from None
    version = fields.get("version")
    if not isinstance(version, int) or version < 1:
        raise NotATokenStoreError(_broken(path))
    if version > VERSION:
        raise TokenStoreError(
            f"{path} was written by a newer release (its version is {version}, this release"
            f" supports {VERSION}): upgrade, or remove the file and log in again"
        )
    return fields


def _broken(path: Path) -> str:
    return f"{path} is not a token store: run `{command('auth', 'login')}`, which replaces it"
