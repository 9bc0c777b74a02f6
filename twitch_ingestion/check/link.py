"""The settings of the link between readers and publisher, and its keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from common.command_line import command
from common.curve import PublisherKeys, ReaderKeys, publisher_keys
from common.key_files import authorized_keys
from common.settings import SettingsError
from readers.link.publisher_addresses import PublisherAddress, publisher_addresses
from twitch_ingestion.check.address import is_on_this_host
from twitch_ingestion.check.findings import WRONG, Finding, ok, warning, wrong
from twitch_ingestion.check.host import Host


def check_link(host: Host) -> Iterator[Finding]:
    """Yield what is found about addresses and keys, without connecting."""
    found: list[Finding] = []
    own: PublisherKeys | None = None
    addresses: list[PublisherAddress] = []
    try:
        own = publisher_keys(host.settings) if host.runs_publisher else None
    except SettingsError as error:
        found += [wrong(line) for line in str(error).splitlines()]
    try:
        addresses = publisher_addresses(host.settings) if host.runs_readers else []
    except SettingsError as error:
        found += [wrong(line) for line in str(error).splitlines()]
    if own is not None:
        found += _authorized(own)
    if host.runs_publisher and not _has_errors(found):
        for address in addresses:
            if is_on_this_host(address.batches):
                found += _together(own, address.keys, address.batches)
    yield from found
    if not _has_errors(found):
        encrypts = own is not None or any(address.keys for address in addresses)
        yield ok("encrypted" if encrypts else "not encrypted, and not reachable from other hosts")


def _has_errors(found: Sequence[Finding]) -> bool:
    return any(finding.level == WRONG for finding in found)


def _authorized(own: PublisherKeys) -> Iterator[Finding]:
    keys, problems = authorized_keys(own.folder)
    for problem in problems:
        yield wrong(f"an authorised key does not count: {problem}")
    if not keys:
        yield warning(
            "the publisher here has keys and admits no host: run"
            f" `{command('keys', 'readers')}` on each readers' host, and what it prints here"
        )


def _together(
    own: PublisherKeys | None, keys: ReaderKeys | None, endpoint: str
) -> Iterator[Finding]:
    """Yield why a publisher and readers of this host, which connect to *endpoint*, do not fit."""
    if own is None and keys is not None:
        yield wrong(
            "PUBLISHER_PUBLIC_KEY is set, but the publisher here has no keys: run"
            f" `{command('keys', 'publisher')}`, or unset PUBLISHER_PUBLIC_KEY"
        )
    elif own is not None and keys is None:
        yield wrong(
            "the publisher here has keys, so it admits only readers that encrypt: set"
            f" PUBLISHER_PUBLIC_KEY={own.pair.public_key}"
        )
    elif own is not None and keys is not None:
        if keys.publisher_public_key != own.pair.public_key:
            yield wrong(
                f"PUBLISHER_PUBLIC_KEY is not the key of the publisher at {endpoint}: set"
                f" PUBLISHER_PUBLIC_KEY={own.pair.public_key}"
            )
        if keys.pair.public_key not in authorized_keys(own.folder)[0]:
            authorize = command("keys", "authorize", keys.pair.public_key)
            yield wrong(f"the publisher here does not admit the readers here: run `{authorize}`")
