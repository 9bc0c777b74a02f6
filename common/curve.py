"""
The link's encryption (CURVE, https://rfc.zeromq.org/spec/26/): who uses which keys, and when.

1. A publisher that has a pair takes nothing that is not encrypted, on whatever address.
2. A reader that is told the publisher's public key encrypts, with its host's pair.
3. Without keys, the link stays on this machine: any other address is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import zmq

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

#: The domain of our sockets' authentication (ZAP, https://rfc.zeromq.org/spec/27/).
ZAP_DOMAIN = b"link"


class PublisherKeys(NamedTuple):
    """What a publisher needs to be told from others, and to tell others apart."""

    pair: KeyPair
    #: The folder of the keys, in which the authorised ones are.
    folder: Path


class ReaderKeys(NamedTuple):
    """What a reader needs to be admitted by a publisher, and to know it."""

    pair: KeyPair
    publisher_public_key: str


def publisher_keys(settings: Settings) -> PublisherKeys | None:
    """
    Return the publisher's keys, or None when it has none and needs none.

    Raises SettingsError when it needs some, or when those that it has cannot be used.
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
                f"{name} holds {endpoint}, which other machines can reach, so the link has to be"
                f" encrypted, but there is no {folder / PUBLISHER_PAIR}: run"
                " `python -m common.keys publisher`"
            )
    return None


def reader_keys(settings: Settings) -> list[ReaderKeys | None]:
    """
    Return a reader's keys for each publisher in PUBLISHER_ENDPOINT, None where it needs none.

    Raises SettingsError when it needs some, or when those that it has cannot be used.
    """
    publishers = len(settings.publisher_endpoint)
    if not settings.publisher_public_key:
        _check_that_all_stays_here(settings)
        return [None] * publishers
    if len(settings.publisher_public_key) not in {1, publishers}:
        raise SettingsError(
            f"PUBLISHER_PUBLIC_KEY holds {len(settings.publisher_public_key)} keys and"
            f" PUBLISHER_ENDPOINT {publishers} publishers: give one key for all, or one for each"
        )
    path = keys_folder(settings.state_dir) / READERS_PAIR
    pair = _read(path)
    if pair is None:
        raise SettingsError(
            f"PUBLISHER_PUBLIC_KEY is set, but this host has no keys of its own in {path}: run"
            " `python -m common.keys readers`"
        )
    one_each = settings.publisher_public_key * (publishers // len(settings.publisher_public_key))
    return [ReaderKeys(pair, key) for key in one_each]


def _check_that_all_stays_here(settings: Settings) -> None:
    for name, endpoints in (
        ("PUBLISHER_ENDPOINT", settings.publisher_endpoint),
        ("PUBLISHER_ACK_ENDPOINT", settings.publisher_ack_endpoint),
    ):
        for endpoint in endpoints:
            if not stays_here(endpoint):
                raise SettingsError(
                    f"{name} holds {endpoint}, which is another machine, so the link has to be"
                    " encrypted, but there is no PUBLISHER_PUBLIC_KEY: run"
                    " `python -m common.keys publisher` there, which prints it"
                )


def stays_here(endpoint: str) -> bool:
    """Return whether what is sent to *endpoint* cannot leave this machine."""
    return endpoint.startswith("ipc:") or is_loopback(endpoint)


def secure_server(socket: zmq.Socket[Any], pair: KeyPair) -> None:
    """Have *socket*, which is to be bound, take only peers that ZAP says yes to."""
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_SECRETKEY, bytes.fromhex(pair.secret_key))
    socket.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    # Without it, ZeroMQ admits everybody when there is nobody to ask.
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def secure_client(socket: zmq.Socket[Any], keys: ReaderKeys) -> None:
    """Have *socket*, which is to be connected, speak to the publisher with this key only."""
    socket.setsockopt(zmq.CURVE_SERVERKEY, bytes.fromhex(keys.publisher_public_key))
    socket.setsockopt(zmq.CURVE_PUBLICKEY, bytes.fromhex(keys.pair.public_key))
    socket.setsockopt(zmq.CURVE_SECRETKEY, bytes.fromhex(keys.pair.secret_key))


def _read(path: Path) -> KeyPair | None:
    try:
        return read_pair(path)
    except KeyFileError as error:
        raise SettingsError(str(error)) from None
