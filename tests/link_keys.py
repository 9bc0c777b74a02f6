"""Creates the keys of an encrypted link for a publisher and readers under test."""

from __future__ import annotations

from pathlib import Path

from common.key_files import PUBLISHER_PAIR, READERS_PAIR, authorize, keys_folder, make_pair


def give_keys(publisher_state: Path, readers_state: Path, name: str = "readers") -> dict[str, str]:
    """
    Create keys in both folders, which may be the same, and authorize the readers' key.

    Returns the settings that the readers need. *name* is their host's name in the publisher's list.
    """
    publisher = make_pair(keys_folder(publisher_state) / PUBLISHER_PAIR)
    readers = make_pair(keys_folder(readers_state) / READERS_PAIR)
    authorize(keys_folder(publisher_state), name, readers.public_key)
    return {"PUBLISHER_PUBLIC_KEY": publisher.public_key}
