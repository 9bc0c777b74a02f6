"""The addresses of the publishers in the settings, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.curve import ReaderKeys
from common.key_files import READERS_PAIR, keys_folder, make_pair
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


def test_each_publisher_has_its_key(tmp_path: Path) -> None:
    """The reader's pair is the same for all."""
    own = make_pair(keys_folder(tmp_path) / READERS_PAIR)
    public = [make_pair(tmp_path / name).public_key for name in ("first.json", "second.json")]
    settings = read_settings(
        {
            "STATE_DIR": str(tmp_path),
            "PUBLISHER_ENDPOINT": "tcp://127.0.0.1:1,tcp://127.0.0.1:3",
            "PUBLISHER_ACK_ENDPOINT": "tcp://127.0.0.1:2,tcp://127.0.0.1:4",
            "PUBLISHER_PUBLIC_KEY": ",".join(public),
        }
    )
    keys = [address.keys for address in publisher_addresses(settings)]
    assert keys == [ReaderKeys(own, key) for key in public]
