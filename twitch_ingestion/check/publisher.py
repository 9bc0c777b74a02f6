"""The publisher: whether it can start here, and whether readers reach it and are admitted."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import zmq

from common.command_line import command
from common.curve import ReaderKeys
from common.settings import SettingsError
from readers.link.publisher_addresses import PublisherAddress, publisher_addresses
from twitch_ingestion.check.address import (
    cannot_listen,
    is_on_this_host,
    is_taken,
    reason_not_to_bind,
    tcp_address,
)
from twitch_ingestion.check.findings import Finding, ok, wrong
from twitch_ingestion.check.handshake import Outcome, mechanism_at, shake_hands
from twitch_ingestion.check.host import Host
from twitch_ingestion.check.port_owner import owner_of


def check_publisher(host: Host) -> Iterator[Finding]:
    """Yield what is found at the addresses of the publisher, and of its readers' side."""
    settings = host.settings
    if host.runs_publisher:
        yield _listening("PUBLISHER_BIND", settings.publisher_bind)
        yield _listening("PUBLISHER_ACK_BIND", settings.publisher_ack_bind)
    if host.runs_readers:
        try:
            publishers = publisher_addresses(settings)
        except SettingsError:
            return  # the check of the link has said so
        for publisher in publishers:
            yield from _reaching(host, publisher)


def _listening(setting: str, endpoint: str) -> Finding:
    """Return whether the publisher can listen at *endpoint*, or already does."""
    subject = f"{setting} {endpoint}"
    address = tcp_address(endpoint)
    if address is None:
        return _listening_to_file(subject, endpoint)
    error = reason_not_to_bind(address)
    if error is None:
        return ok(f"{subject}: free, no publisher runs yet")
    if not is_taken(error):
        return cannot_listen("publisher", setting, endpoint, error)
    owner = owner_of(address.port)
    try:
        mechanism = mechanism_at(endpoint)
    except OSError:
        mechanism = None
    if mechanism is None:
        return wrong(
            f"{subject}: the port is taken by {owner}, which is no publisher: stop that, or change"
            f" {setting} and the readers' PUBLISHER_ENDPOINT and PUBLISHER_ACK_ENDPOINT"
        )
    return ok(f"{subject}: a publisher listens there already, {owner}")


def _listening_to_file(subject: str, endpoint: str) -> Finding:
    path = Path(endpoint.removeprefix("ipc://"))
    if endpoint.startswith("ipc://@"):
        return ok(subject)
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        return wrong(f"{subject}: {path.parent} is not a folder that this user can write to")
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        return wrong(f"{subject}: {path} is there and is no socket: remove it")
    try:
        mechanism_at(endpoint)
    except OSError:
        return ok(f"{subject}: free, no publisher runs yet")
    return ok(f"{subject}: a publisher listens there already")


def _reaching(host: Host, publisher: PublisherAddress) -> Iterator[Finding]:
    for setting, endpoint, kind in (
        ("PUBLISHER_ENDPOINT", publisher.batches, zmq.PUSH),
        ("PUBLISHER_ACK_ENDPOINT", publisher.acknowledgements, zmq.SUB),
    ):
        outcome, reason = shake_hands(endpoint, kind, publisher.keys)
        subject = f"{setting} {endpoint}"
        if outcome is Outcome.ACCEPTED:
            yield ok(f"{subject}: the publisher accepts readers of this host")
        elif outcome is not Outcome.UNREACHABLE:
            yield wrong(f"{subject}: {_what_to_do(outcome, publisher.keys)}")
        elif host.runs_publisher and is_on_this_host(endpoint):
            yield ok(f"{subject}: no publisher runs there yet")
        else:
            yield wrong(
                f"{subject}: cannot be reached ({reason}): start the publisher there, open the port"
                f" in firewalls, or correct {setting}"
            )


def _what_to_do(outcome: Outcome, keys: ReaderKeys | None) -> str:
    if outcome is Outcome.KEY_REFUSED and keys is not None:
        authorize = command("keys", "authorize", keys.pair.public_key)
        return (
            f"the publisher does not admit the key of this host: run `{authorize}` on the"
            " publisher's host"
        )
    return {
        Outcome.WRONG_KEY: "the publisher there has another key, or it is the other one of its two"
        f" ports: set PUBLISHER_PUBLIC_KEY to what `{command('keys', 'publisher')}` prints there",
        Outcome.IS_ENCRYPTED: "the publisher there encrypts, and readers here do not: set"
        f" PUBLISHER_PUBLIC_KEY to what `{command('keys', 'publisher')}` prints there",
        Outcome.IS_NOT_ENCRYPTED: "the publisher there has no keys, and readers here encrypt: run"
        f" `{command('keys', 'publisher')}` there and restart it, or unset PUBLISHER_PUBLIC_KEY",
        Outcome.WRONG_SOCKET: "that is not this port of the publisher, but perhaps the other one:"
        " compare PUBLISHER_ENDPOINT with PUBLISHER_BIND, and PUBLISHER_ACK_ENDPOINT with"
        " PUBLISHER_ACK_BIND",
    }.get(outcome, "something listens there that is no publisher: correct the address")
