"""How the token store is written: its room, its check before a renewal, its copies."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from common.token_store import StoredToken, TokenStoreError, locked_token_store, read_token
from tests.common.store_writers import TOKEN, numbered
from tests.other_user import as_other_user, give_to_other_user


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store that does not exist yet."""
    return tmp_path / "tokenStore.json"


def write(path: Path, token: StoredToken = TOKEN) -> None:
    """Store *token* at *path*."""
    with locked_token_store(path) as store:
        store.write(token)


def test_a_new_login_replaces_the_file(path: Path) -> None:
    """Whoever has opened the old file still reads the old login, and not a mixture."""
    write(path)
    with path.open("rb") as old:
        write(path, numbered(1))
        assert b"firstaccess" in old.read()
    assert read_token(path) == numbered(1)


def test_a_store_has_room_for_a_longer_login(path: Path) -> None:
    """Then a full disk does not matter: the file does not grow."""
    write(path)
    size = path.stat().st_size
    assert size % 4096 == 0
    write(path, msgspec.structs.replace(TOKEN, access_token="a" * 300, refresh_token="r" * 200))
    assert path.stat().st_size == size
    fill = size - len(path.read_bytes().rstrip())
    write(path, msgspec.structs.replace(TOKEN, access_token="a" * (300 + fill), refresh_token="r"))
    assert path.stat().st_size == 2 * size


def test_a_store_in_a_closed_folder_is_locked_itself(short_folder: Path) -> None:
    """There can be no other file for the lock, and no copy."""
    path = short_folder / "tokenStore.json"
    write(path)
    path.with_name(f"{path.name}.lock").unlink()
    give_to_other_user(path)
    short_folder.chmod(0o555)
    as_other_user(lambda: write(path, numbered(1)))
    assert read_token(path) == numbered(1)
    assert os.listdir(short_folder) == [path.name]


def test_a_check_changes_nothing_but_the_room(path: Path) -> None:
    """A store of an earlier release, and a damaged one, keep what they hold."""
    with locked_token_store(path) as store:
        store.check_writable()
        assert not path.exists()
        for content in (msgspec.json.encode({"version": 1, "x": 1}), b"damaged"):
            path.touch(0o600)
            path.write_bytes(content)
            store.check_writable()
            assert path.read_bytes().rstrip() == content
        path.unlink()
        path.mkdir()
        with pytest.raises(TokenStoreError, match="is not a file"):
            store.check_writable()


def test_a_check_adds_no_more_room_than_a_login_needs(path: Path) -> None:
    """However often it is made. The room is filled with line breaks, which editors show well."""
    write(path)
    before = path.read_bytes()
    assert before == before.rstrip().ljust(4096, b"\n")
    for _ in range(2):
        with locked_token_store(path) as store:
            store.check_writable()
        assert path.read_bytes() == before


def test_a_write_removes_what_a_killed_process_has_left(path: Path) -> None:
    """It contains tokens."""
    copy = path.with_name(f".{path.name}.killed")
    copy.touch()
    write(path)
    assert not copy.exists()


def test_a_copy_that_cannot_be_removed_does_not_prevent_a_write(path: Path) -> None:
    """It is somebody's folder with such a name."""
    path.with_name(f".{path.name}.folder").mkdir()
    write(path)
    assert read_token(path) == TOKEN


def test_a_store_is_restored_from_the_newest_complete_copy(path: Path) -> None:
    """Older ones may have been left by other processes."""
    for number in (1, 3, 2):
        copy = path.with_name(f".{path.name}.{number}")
        write(copy, numbered(number))
        os.utime(copy, (number, number))
    broken = path.with_name(f".{path.name}.broken")
    broken.touch(0o600)
    path.touch(0o600)
    with locked_token_store(path) as store:
        assert store.restore() == numbered(3)
    assert read_token(path) == numbered(3)
    assert not broken.exists()
