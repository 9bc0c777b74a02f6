"""The token store: whole, private, and tolerant of what may happen to a file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from common.token_store import (
    LockedTokenStore,
    StoredToken,
    TokenStoreError,
    locked_token_store,
    read_token,
)
from tests.common.store_writers import TOKEN, numbered
from tests.processes import REPOSITORY, python_module, wait_for


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store that is not there yet."""
    return tmp_path / "tokenStore.json"


def write(path: Path, token: StoredToken = TOKEN) -> None:
    """Store *token* at *path*."""
    with locked_token_store(path) as store:
        store.write(token)


def test_what_is_written_is_read(path: Path) -> None:
    """Every field of it."""
    write(path)
    assert read_token(path) == TOKEN


def test_where_there_is_no_store_there_is_no_login(path: Path) -> None:
    """That is no error: readers are anonymous then."""
    assert read_token(path) is None


def test_it_is_json_with_a_version(path: Path) -> None:
    """One that a person can read, too."""
    write(path)
    assert json.loads(path.read_text())["version"] == 1
    assert len(path.read_text().splitlines()) > 5


def test_it_is_private_from_the_beginning(path: Path) -> None:
    """Mode 0600 for the file, whatever the umask, and 0700 for a folder that we make."""
    nested = path.parent / "auth" / path.name
    before = os.umask(0)
    try:
        write(nested)
    finally:
        os.umask(before)
    assert stat.S_IMODE(nested.stat().st_mode) == 0o600
    assert stat.S_IMODE(nested.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610])
def test_one_that_others_have_access_to_is_refused(path: Path, mode: int) -> None:
    """The text names the file and the command that mends it, and no token."""
    write(path)
    path.chmod(mode)
    with pytest.raises(TokenStoreError) as raised:
        read_token(path)
    assert f"chmod 600 {path}" in str(raised.value)
    assert "firstaccess" not in str(raised.value)
    path.chmod(0o600)
    assert read_token(path) == TOKEN


def test_one_that_others_have_access_to_is_not_written_either(path: Path) -> None:
    """Somebody should look at it first."""
    write(path)
    path.chmod(0o644)
    with pytest.raises(TokenStoreError, match="chmod 600"):
        write(path, numbered(1))


def test_fields_that_we_do_not_know_are_kept(path: Path) -> None:
    """A later release may have put them there."""
    write(path)
    fields = json.loads(path.read_text()) | {"added_later": {"deep": [1, 2]}}
    path.write_text(json.dumps(fields))
    assert read_token(path) == TOKEN
    write(path, numbered(7))
    assert json.loads(path.read_text())["added_later"] == {"deep": [1, 2]}
    assert read_token(path) == numbered(7)


def test_one_of_a_newer_version_is_neither_read_nor_overwritten(path: Path) -> None:
    """We cannot know what it means."""
    write(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))
    before = path.read_bytes()
    for use in (read_token, write):
        with pytest.raises(TokenStoreError, match="newer release"):
            use(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"version": "1"}',
        b'{"accessToken": "of another program", "refreshToken": "x"}',
    ],
)
def test_what_is_not_a_store_is_said_to_be_none_and_can_be_overwritten(
    path: Path, content: bytes
) -> None:
    """By a new login, which the text asks for."""
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(TokenStoreError, match="python -m auth login"):
        read_token(path)
    write(path)
    assert read_token(path) == TOKEN


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("access_token", None),
        ("access_token", ""),
        ("access_token", "x\r\nJOIN #y"),
        ("expires_at", "soon"),
        ("scopes", "chat:read"),
    ],
)
def test_a_field_that_is_wrong_is_named_and_not_shown(
    path: Path, field: str, value: object
) -> None:
    """A token must not reach a log by being in the wrong place."""
    write(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(TokenStoreError, match=field) as raised:
        read_token(path)
    assert "JOIN" not in str(raised.value)
    assert "soon" not in str(raised.value)


def test_a_folder_is_no_store(path: Path) -> None:
    """As Docker makes one of a mounted file that is not there."""
    path.mkdir(mode=0o700)
    with pytest.raises(TokenStoreError, match="is not a file"):
        read_token(path)


def test_a_store_that_cannot_be_written_stays_as_it_was(path: Path) -> None:
    """And the failure says why."""
    write(path)
    with pytest.raises(TokenStoreError, match=r"cannot read .*Not a directory"):
        LockedTokenStore(path / "below a file").write(numbered(1))
    with pytest.raises(TokenStoreError, match=r"cannot write .*File exists"):
        write(path / "below a file")
    with pytest.raises(TokenStoreError, match=r"cannot write .*No such file"):
        LockedTokenStore(path.parent / "no folder" / path.name).write(numbered(1))
    assert read_token(path) == TOKEN


def test_a_login_does_not_show_its_tokens() -> None:
    """Not in its representation, which is what ends up in logs."""
    assert "first" not in repr(TOKEN)
    assert "somebot" in repr(TOKEN)


def test_removing_it_leaves_no_token_behind(path: Path) -> None:
    """Neither the file nor what a killed writer left."""
    write(path)
    (path.parent / f".{path.name}.killed").write_text("a token")
    with locked_token_store(path) as store:
        store.remove()
        store.remove()
    assert [entry.name for entry in path.parent.iterdir()] == [f"{path.name}.lock"]


def test_only_one_process_changes_it_at_a_time(path: Path) -> None:
    """The other one waits until the first is done."""
    program = python_module("tests.common.store_writers", "write", str(path), "5")
    with locked_token_store(path) as store:
        other = subprocess.Popen(program, cwd=REPOSITORY, stdout=subprocess.PIPE)
        try:
            assert other.stdout
            assert other.stdout.readline() == b"ready\n"
            store.write(TOKEN)
            assert read_token(path) == TOKEN
            assert other.poll() is None
        except BaseException:
            other.kill()
            raise
    with other:
        assert other.wait(10) == 0
    assert read_token(path) == numbered(5)


def test_a_lock_that_somebody_else_keeps_is_not_waited_for_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure names the lock's file."""
    monkeypatch.setattr("common.token_store.LOCK_WITHIN_S", 0.05)
    with (
        locked_token_store(path),
        pytest.raises(TokenStoreError, match=f"{path.name}.lock"),
        locked_token_store(path),
    ):
        pass


@pytest.mark.parametrize("way", ["kill-at-each-instruction", "kill-at-random"])
def test_a_writer_that_is_killed_leaves_a_whole_login(path: Path, way: str) -> None:
    """The old one or the new one; the lock is free again, and no temporary file stays for good."""
    program = python_module("tests.common.store_writers", way, str(path))
    result = subprocess.run(program, cwd=REPOSITORY, capture_output=True, timeout=100, check=False)
    assert result.returncode == 0, result.stderr.decode()
    assert int(result.stdout) >= 200
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        path.name,
        f"{path.name}.lock",
    ]


def test_it_can_be_read_at_any_moment_while_it_is_replaced(path: Path) -> None:
    """Whoever reads sees a whole login each time, and never an older one than before."""
    write(path, numbered(0))
    program = python_module("tests.common.store_writers", "write-for-ever", str(path))
    with subprocess.Popen(program, cwd=REPOSITORY) as writer:
        seen = [0]

        def enough_seen() -> bool:
            token = read_token(path)
            assert token is not None
            number = int(token.user_id)
            assert token == numbered(number)
            assert number >= seen[-1]
            if number > seen[-1]:
                seen.append(number)
            return len(seen) > 50

        try:
            wait_for(enough_seen, 30, "50 logins")
        finally:
            writer.kill()
