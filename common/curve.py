"""
The link's encryption (CURVE, https://rfc.zeromq.org/spec/26/): which keys are used, and when.

1. A publisher that has a key pair accepts only encrypted connections, on every address.
2. A reader encrypts if PUBLISHER_PUBLIC_KEY is set. It uses the key pair of its host.
3. Without keys, only loopback and ipc addresses are allowed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import zmq

from common.command_line import command
from common.key_files import (
    PUBLISHER_PAIR,
    READERS_PAIR,
    KeyFileError,
    KeyPair,
    keys_folder,
    read_pair,
)
from common.setting_values import is_loopback
from common.settings import Settings, SettingsError

#: The authentication domain of the link's sockets (ZAP, https://rfc.zeromq.org/spec/27/).
ZAP_DOMAIN = b"link"


class PublisherKeys(NamedTuple):
    """The keys with which a publisher identifies itself and authenticates readers."""

    pair: KeyPair
    #: The keys folder; readers' authorised public keys are in a subfolder.
    folder: Path


class ReaderKeys(NamedTuple):
    """The keys with which a reader identifies itself and authenticates a publisher."""

    pair: KeyPair
    publisher_public_key: str


def publisher_keys(settings: Settings) -> PublisherKeys | None:
    """
    Return the publisher's keys, or None if it has none and needs none.

    Raises SettingsError if it needs keys and has none, or if its key file cannot be used.
    """
    folder = keys_folder(settings.state_dir)
    pair = _read(folder / PUBLISHER_PAIR)
    if pair is not None:
        return PublisherKeys(pair, folder)
    for name, endpoint in (
        ("PUBLISHER_BIND", settings.publisher_bind),
        ("PUBLISHER_ACK_BIND", settings.publisher_ack_bind),
    ):
        if not stays_here(endpoint):
            raise SettingsError(
                f"{name} holds {endpoint}, which other machines can reach, so the link must be"
                f" encrypted, but {folder / PUBLISHER_PAIR} does not exist:"
                f" {_make_keys('publisher')}"
            )
    return None


def reader_keys(settings: Settings) -> list[ReaderKeys | None]:
    """
    Return a reader's keys for each publisher in PUBLISHER_ENDPOINT, None without encryption.

    Raises SettingsError if keys are needed and missing, if the key file cannot be used, or if the
    number of public keys does not match.
    """
    publishers = len(settings.publisher_endpoint)
    if not settings.publisher_public_key:
        _check_endpoints_are_local(settings)
        return [None] * publishers
    if len(settings.publisher_public_key) not in {1, publishers}:
        raise SettingsError(
            f"PUBLISHER_PUBLIC_KEY holds {len(settings.publisher_public_key)} keys and"
            f" PUBLISHER_ENDPOINT {publishers} publishers: set one key for all, or one per"
            " publisher"
        )
    path = keys_folder(settings.state_dir) / READERS_PAIR
    pair = _read(path)
    if pair is None:
        raise SettingsError(
            f"PUBLISHER_PUBLIC_KEY is set, but this host has no key pair in {path}:"
            f" {_make_keys('readers')}"
        )
    keys = settings.publisher_public_key * (publishers // len(settings.publisher_public_key))
    return [ReaderKeys(pair, key) for key in keys]


def _check_endpoints_are_local(settings: Settings) -> None:
    for name, endpoints in (
        ("PUBLISHER_ENDPOINT", settings.publisher_endpoint),
        ("PUBLISHER_ACK_ENDPOINT", settings.publisher_ack_endpoint),
    ):
        for endpoint in endpoints:
            if not stays_here(endpoint):
                raise SettingsError(
                    f"{name} holds {endpoint}, which is another machine, so the link must be"
                    " encrypted, but PUBLISHER_PUBLIC_KEY is not set:"
                    f" {_make_keys('publisher')} on that machine, which prints the key"
                )


def stays_here(endpoint: str) -> bool:
    """Return whether *endpoint* is an ipc or loopback address, so data stays on this machine."""
    return endpoint.startswith("ipc:") or is_loopback(endpoint)


def secure_server(socket: zmq.Socket[Any], pair: KeyPair) -> None:
    """Make *socket* accept only encrypted peers that ZAP admits. Call it before bind."""
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_SECRETKEY, bytes.fromhex(pair.secret_key))
    socket.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    # Without this option, ZeroMQ admits every peer if no ZAP handler is running.
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def secure_client(socket: zmq.Socket[Any], keys: ReaderKeys) -> None:
    """Make *socket* encrypt, and accept only a publisher with that key. Call it before connect."""
    socket.setsockopt(zmq.CURVE_SERVERKEY, bytes.fromhex(keys.publisher_public_key))
    socket.setsockopt(zmq.CURVE_PUBLICKEY, bytes.fromhex(keys.pair.public_key))
    socket.setsockopt(zmq.CURVE_SECRETKEY, bytes.fromhex(keys.pair.secret_key))


def _make_keys(whose: str) -> str:
    return f"run `{command('keys', whose)}`"


def _read(path: Path) -> KeyPair | None:
    try:
        return read_pair(path)
    except KeyFileError as error:
        raise SettingsError(str(error)) from None
