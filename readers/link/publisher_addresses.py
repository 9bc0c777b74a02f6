"""Where the publishers are that a reader may send to, in order, and with which keys."""

from __future__ import annotations

from typing import NamedTuple

from common.curve import ReaderKeys, reader_keys
from common.settings import Settings, SettingsError


class PublisherAddress(NamedTuple):
    """One publisher: where it takes batches, where it tells acknowledgements, and our keys."""

    batches: str
    acknowledgements: str
    #: None for a link in the clear.
    keys: ReaderKeys | None = None


def publisher_addresses(settings: Settings) -> list[PublisherAddress]:
    """
    Return the publishers that *settings* name, the one to prefer first.

    Raises SettingsError when they do not fit one another, or when keys are missing.
    """
    endpoints, acknowledgements = settings.publisher_endpoint, settings.publisher_ack_endpoint
    if len(endpoints) != len(acknowledgements):
        raise SettingsError(
            f"PUBLISHER_ENDPOINT names {len(endpoints)} publishers and PUBLISHER_ACK_ENDPOINT"
            f" {len(acknowledgements)}: both have to name the same ones, in the same order"
        )
    return [
        PublisherAddress(*address)
        for address in zip(endpoints, acknowledgements, reader_keys(settings), strict=True)
    ]
