"""The addresses of the publishers in the settings, in order."""

from __future__ import annotations

import pytest

from common.settings import SettingsError, read_settings
from readers.link.publisher_addresses import PublisherAddress, publisher_addresses


def test_publishers_come_in_the_order_of_the_settings() -> None:
    """Each with both of its addresses."""
    settings = read_settings(
        {
            "PUBLISHER_ENDPOINT": "tcp://127.0.0.1:1, tcp://127.0.0.1:3",
            "PUBLISHER_ACK_ENDPOINT": "tcp://127.0.0.1:2,tcp://127.0.0.1:4",
        }
    )
    assert publisher_addresses(settings) == [
        PublisherAddress("tcp://127.0.0.1:1", "tcp://127.0.0.1:2"),
        PublisherAddress("tcp://127.0.0.1:3", "tcp://127.0.0.1:4"),
    ]


def test_both_settings_must_name_the_same_number_of_publishers() -> None:
    """A surplus address is refused."""
    settings = read_settings({"PUBLISHER_ENDPOINT": "tcp://127.0.0.1:1,tcp://127.0.0.1:3"})
    with pytest.raises(SettingsError, match=r"names 2 publishers and PUBLISHER_ACK_ENDPOINT 1"):
        publisher_addresses(settings)
