"""
Every small file in STATE_DIR, with everything that can be wrong with it.

A file that only coordinates processes is replaced. Any other gets one line that names it. Outboxes,
the token file and settings have tests of their own.
"""

from __future__ import annotations

import asyncio
import codecs
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.curve import publisher_keys, reader_keys
from common.key_files import (
    AUTHORIZED,
    PUBLISHER_PAIR,
    READERS_PAIR,
    KeyFileError,
    authorize,
    authorized_keys,
    make_pair,
)
from common.settings import SettingsError, read_settings
from publisher.kafka.embedded import bootstrap_file
from publisher.tail.cluster_finder import ClusterFinder
from readers.outbox.numbering_mark import NumberingMark
from readers.supervision.applied_channels import (
    APPLIED_CHANNELS,
    read_applied_channels,
    write_applied_channels,
)
from readers.supervision.channels_file import ChannelsFileError
from readers.twitch.rate_limits import RateLimits
from tests.odd_files import ODD_FILES, OddFile, not_waiting
from tests.other_user import ordinary_user

KEY = "0123456789abcdef" * 4

every_damage = pytest.mark.parametrize("damage", ODD_FILES, ids=lambda damage: damage.__name__[1:])


@pytest.fixture
def state(short_folder: Path) -> Iterator[Path]:
    """A state directory that can be removed whatever the test has done to it."""
    short_folder.chmod(0o755)
    before = os.umask(0o077)
    folder = short_folder / "state"
    folder.mkdir()
    yield folder
    os.umask(before)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink() and path.is_dir():
            path.chmod(0o700)
    shutil.rmtree(folder)


@every_damage
@pytest.mark.parametrize("name", ["joins.json", "joins.lock"])
def test_a_reader_joins_whatever_happens_to_the_shared_limits(
    state: Path, damage: OddFile, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It replaces the file, or it logs once that it cannot keep to the limits."""
    folder = state / "limits"
    folder.mkdir()
    damage(folder / name)
    with ordinary_user(state), not_waiting(), caplog.at_level(logging.WARNING):
        limits = RateLimits(folder, 20)
        for _ in range(3):
            asyncio.run(limits.wait_for_join())
    lines = caplog.messages
    assert len(lines) <= 1
    if name.endswith(".json") and damage.__name__ != "_dangling_link":
        assert lines
        assert str(folder) in lines[0]


@every_damage
@pytest.mark.parametrize("name", [PUBLISHER_PAIR, READERS_PAIR])
def test_a_key_pair_that_cannot_be_used_is_a_wrong_setting(
    state: Path, damage: OddFile, name: str
) -> None:
    """The error is one line, and names the file. A link to nothing is a missing file."""
    folder = state / "keys"
    folder.mkdir()
    damage(folder / name)
    settings = read_settings(
        {"STATE_DIR": str(state), "PUBLISHER_BIND": "tcp://*:1", "PUBLISHER_PUBLIC_KEY": KEY}
    )
    keys = publisher_keys if name == PUBLISHER_PAIR else reader_keys
    with ordinary_user(state), not_waiting(), pytest.raises(SettingsError) as caught:
        keys(settings)
    text = str(caught.value)
    assert str(folder / name) in text
    assert "\n" not in text
    with ordinary_user(state), not_waiting():
        _create_again(folder / name, missing=damage.__name__ == "_dangling_link")


def _create_again(path: Path, *, missing: bool) -> None:
    """Nothing is overwritten, but a missing pair is created."""
    if missing:
        make_pair(path)
        return
    with pytest.raises(KeyFileError):
        make_pair(path)


@every_damage
def test_an_authorised_key_that_cannot_be_used_does_not_affect_others(
    state: Path, damage: OddFile
) -> None:
    """One line says what is wrong with which file. A link to nothing is no key."""
    folder = state / AUTHORIZED
    folder.mkdir()
    damage(folder / "bad.json")
    with ordinary_user(state), not_waiting():
        admitted, problems = authorized_keys(state)
    assert admitted == {}
    assert len(problems) == (0 if damage.__name__ == "_dangling_link" else 1)
    assert all(str(folder) in problem for problem in problems)


@every_damage
def test_a_key_is_not_authorised_over_something_else(state: Path, damage: OddFile) -> None:
    """The error names the file."""
    folder = state / AUTHORIZED
    folder.mkdir()
    damage(folder / "host.json")
    with ordinary_user(state), not_waiting():
        if damage.__name__ == "_dangling_link":
            authorize(state, "host", KEY)
            assert authorized_keys(state)[0] == {KEY: "host"}
            return
        with pytest.raises(KeyFileError, match=r"host\.json"):
            authorize(state, "host", KEY)


@every_damage
def test_tail_names_an_address_file_that_cannot_be_read(state: Path, damage: OddFile) -> None:
    """Or it ignores the file, if that is empty; it takes any text for an address."""
    folder = state / "var"
    folder.mkdir()
    damage(bootstrap_file(folder))
    settings = read_settings({"STATE_DIR": str(folder)})
    with ordinary_user(state), not_waiting():
        problem = _problem(ClusterFinder(settings, {}).find)
    assert problem is None or str(bootstrap_file(folder)) in problem


@every_damage
def test_damaged_applied_channels_are_named_and_written_again(state: Path, damage: OddFile) -> None:
    """Or an OSError names the file or its folder."""
    path = state / APPLIED_CHANNELS
    path.parent.mkdir()
    for encoding in ("utf-8-sig", "utf-16"):
        codecs.lookup(encoding)  # the other user may not be able to import it
    damage(path)
    with ordinary_user(state), not_waiting():
        problem = _problem(lambda: read_applied_channels(state))
        assert problem is None or str(path) in problem
        problem = _problem(lambda: write_applied_channels(state, ["xqc"]))
        if problem is None:
            assert read_applied_channels(state).channels == ("xqc",)
        else:
            assert str(path.parent) in problem


def _problem(use: Callable[[], object]) -> str | None:
    try:
        use()
    except (OSError, SettingsError, ChannelsFileError) as error:
        return str(error)
    return None


@pytest.mark.parametrize("numbers", ["x-y", "1", "9" * 30 + "-1", "007-8", "٣-٤", ""])
def test_a_file_that_is_named_like_a_mark_but_was_not_written_by_us_is_no_mark(
    state: Path, numbers: str
) -> None:
    """Its numbers would not fit into the database, or it could not be renamed."""
    (state / f"xqc.db-numbers-{numbers}").touch()
    assert NumberingMark(state / "xqc.db").numbers is None
