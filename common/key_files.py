"""
The link's key files: a host's own key pair, and the public keys that a publisher admits.

1. A key is 32 bytes, always written as 64 hexadecimal digits. ZeroMQ's own encoding (Z85) uses
   `$`, `#`, `&` and braces, which break in a shell or a `.env` file, and zmq.auth writes files that
   every user can read.
2. A key pair is never overwritten: other hosts are configured with its public key.
3. Only its owner may read a key pair. A file that others can read is refused.
4. A public key is authorised as long as its file exists.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

import msgspec
import zmq

from common.file_lock import file_lock
from common.files import OWNER_ONLY, read_small_file, replace_file, sync_directory

VERSION: Final = 1

#: File names in the keys folder: the publisher's key pair, and the key pair that all readers of a
#: host share.
PUBLISHER_PAIR = "publisher.json"
READERS_PAIR = "readers.json"

#: The subfolder of the keys folder for authorised public keys.
AUTHORIZED = "authorized"

_LOCK_WITHIN_S = 10.0
_LARGEST_BYTES = 4096
#: Not the temporary files of `replace_file`.
_KEY_FILE = re.compile(r"[^.].*\.json", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")

Key = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class KeyFileError(Exception):
    """Raised when a key file cannot be used. The text says why, and how to fix it."""


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """A host's own key pair."""

    version: Literal[1] = VERSION
    public_key: Key
    secret_key: Key

    def __repr__(self) -> str:
        return f"KeyPair(public_key={self.public_key!r})"


class PublicKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public key of a host that a publisher admits."""

    version: Literal[1] = VERSION
    public_key: Key


class AuthorizedHost(NamedTuple):
    """A host that a publisher admits."""

    name: str
    public_key: str
    path: Path
    #: When its file was written, in Unix time.
    since: float


def keys_folder(state_dir: Path) -> Path:
    """Return the keys folder in *state_dir*."""
    return state_dir / "keys"


def make_pair(path: Path) -> KeyPair:
    """
    Return the key pair in the file at *path*. Create the pair and its folder if they do not exist.

    Raises KeyFileError if the file cannot be read or created.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file_lock(path.with_name(".lock"), within_s=_LOCK_WITHIN_S):
            if (pair := read_pair(path)) is None:
                pair = _new_pair()
                _write(path, pair)
            return pair
    except TimeoutError as error:
        raise KeyFileError(str(error)) from None
    except OSError as error:
        raise KeyFileError(f"cannot write {path}: {error.strerror}") from None


def read_pair(path: Path) -> KeyPair | None:
    """
    Return the key pair in the file at *path*, or None if the file does not exist.

    Raises KeyFileError if the file cannot be read or is invalid, or if other users can read it.
    """
    return _read(path, KeyPair, private=True)


def authorize(folder: Path, name: str, public_key: str) -> Path:
    """
    Authorise *public_key* at the publisher with the keys folder *folder*; return the file written.

    The file is named after *name*. Raises KeyFileError if the key or the name is invalid, if *name*
    is in use for another key, or if the file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise KeyFileError(f"{name!r} is not a valid name: use letters, digits, '.', '_' and '-'")
    try:
        key = msgspec.convert({"public_key": public_key.lower()}, PublicKey)
    except msgspec.ValidationError:
        raise KeyFileError("a public key is 64 hexadecimal digits") from None
    path = folder / AUTHORIZED / f"{name}.json"
    if (present := _read(path, PublicKey)) not in (None, key):
        raise KeyFileError(f"{path} holds another key: remove it first, or choose another name")
    if present is None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, key)
        except OSError as error:
            raise KeyFileError(f"cannot write {path}: {error.strerror}") from None
    return path


def revoke(folder: Path, name_or_key: str) -> list[Path]:
    """
    End the authorisation of a host at the publisher with the keys folder *folder*.

    *name_or_key* is the host's name or public key. Returns the files removed: all that hold the
    key, because the host would be admitted as long as there is one. Raises KeyFileError if there is
    none, or if one cannot be removed.
    """
    hosts, _ = authorized_hosts(folder)
    keys = {host.public_key for host in hosts if name_or_key in (host.name, host.public_key)}
    keys |= {name_or_key.lower()}
    paths = [host.path for host in hosts if host.public_key in keys]
    # A file that cannot be read admits nobody, and can be removed by its name.
    named = folder / AUTHORIZED / f"{name_or_key}.json"
    if not paths and _NAME.fullmatch(name_or_key) and os.path.lexists(named):
        paths = [named]
    if not paths:
        raise KeyFileError(f"no host is authorised with the name or key {name_or_key!r}")
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise KeyFileError(f"cannot remove {path}: {error.strerror}") from None
    sync_directory(folder / AUTHORIZED)
    return paths


def authorized_keys(folder: Path) -> tuple[dict[str, str], list[str]]:
    """
    Return the authorised keys in the keys folder *folder*, as a dict from public key to name.

    The second value has one error text for each file that cannot be used.
    """
    hosts, problems = authorized_hosts(folder)
    return {host.public_key: host.name for host in hosts}, problems


def authorized_hosts(folder: Path) -> tuple[list[AuthorizedHost], list[str]]:
    """
    Return the authorised hosts in the keys folder *folder*, by name.

    The second value has one error text for each file that cannot be used.
    """
    hosts, problems = [], []
    try:
        found = sorted(os.listdir(folder / AUTHORIZED))
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [_cannot_read(folder / AUTHORIZED, error)]
    for path in (folder / AUTHORIZED / name for name in found if _KEY_FILE.fullmatch(name)):
        try:
            key = _read(path, PublicKey)
            since = path.stat().st_mtime
        except KeyFileError as error:
            problems.append(str(error))
        except FileNotFoundError:
            continue
        else:
            if key is not None:
                hosts.append(AuthorizedHost(path.stem, key.public_key, path, since))
    return hosts, problems


def _new_pair() -> KeyPair:
    from zmq.utils import z85  # noqa: PLC0415 - saves memory in each reader, which never needs it

    public_key, secret_key = (z85.decode(key).hex() for key in zmq.curve_keypair())
    return KeyPair(public_key=public_key, secret_key=secret_key)


def _write(path: Path, key: KeyPair | PublicKey) -> None:
    content = msgspec.json.format(msgspec.json.encode(key)) + b"\n"
    replace_file(path, content, OWNER_ONLY)


_T = TypeVar("_T", KeyPair, PublicKey)


def _read(path: Path, kind: type[_T], *, private: bool = False) -> _T | None:
    try:
        content = read_small_file(path, _LARGEST_BYTES, partial(_check, path, private=private))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(_cannot_read(path, error)) from None
    return _parse(path, content, kind)


def _cannot_read(path: Path, error: OSError) -> str:
    text = f"cannot read {path}: {error.strerror}"
    if isinstance(error, PermissionError):
        text += f"; the user that runs this process (user id {os.geteuid()}) must own it"
    return text


def _check(path: Path, status: os.stat_result, *, private: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"{path} is not a file: remove it, then create the key again")
    # Like ssh: a file of another owner (for example a mounted secret) may be readable by its group,
    # because we cannot change that.
    forbidden = stat.S_IRWXO
    if status.st_uid == os.geteuid():
        forbidden |= stat.S_IRWXG
    if private and status.st_mode & forbidden:
        chmod = shlex.join(["chmod", "600", str(path)])
        raise KeyFileError(
            f"{path} holds a private key, but other users have access to it: run `{chmod}`; if"
            " others may have read it, remove it and create a new one"
        )


def _parse(path: Path, content: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (ValueError, RecursionError):
        fields = _fields(content)
    if isinstance(version := fields.get("version"), int) and version > VERSION:
        raise KeyFileError(f"{path} was written by a newer release: upgrade, or remove the file")
    if kind is PublicKey and "secret_key" in fields:
        raise KeyFileError(f"{path} holds a private key, which must not leave its host")
    # The text does not quote the content: it may be part of a private key.
    raise KeyFileError(f"{path} is not a key file: remove it and create it again")


def _fields(content: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (ValueError, RecursionError):
        return {}
