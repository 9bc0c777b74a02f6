"""The addresses and keys of the publishers, in order of preference, from the settings."""

from __future__ import annotations

from typing import NamedTuple

from common.curve import ReaderKeys, reader_keys
from common.settings import Settings, SettingsError


class PublisherAddress(NamedTuple):
    """One publisher: its endpoints for batches and acknowledgements, and the keys of the link."""

    batches: str
    acknowledgements: str
    #: None if the link is not encrypted.
    keys: ReaderKeys | None = None


def publisher_addresses(settings: Settings) -> list[PublisherAddress]:
    """
    Return the publishers that *settings* name, the preferred one first.

    Raises SettingsError when the two lists have different lengths, or when keys are missing.
    """
    endpoints, acknowledgements = settings.publisher_endpoint, settings.publisher_ack_endpoint
    if len(endpoints) != len(acknowledgements):
        raise SettingsError(
            f"PUBLISHER_ENDPOINT names {len(endpoints)} publishers and PUBLISHER_ACK_ENDPOINT"
            f" {len(acknowledgements)}: both must name the same publishers, in the same order"
        )
    return [
        PublisherAddress(*address)
        for address in zip(endpoints, acknowledgements, reader_keys(settings), strict=True)
    ]
