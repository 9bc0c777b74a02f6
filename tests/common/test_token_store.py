"""The token store: atomic, private, and robust against damaged files."""

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
    """Return the path of a store that does not exist yet."""
    return tmp_path / "tokenStore.json"


def write(path: Path, token: StoredToken = TOKEN) -> None:
    """Store *token* at *path*."""
    with locked_token_store(path) as store:
        store.write(token)


def test_a_login_is_read_as_it_was_written(path: Path) -> None:
    """With every field."""
    write(path)
    assert read_token(path) == TOKEN


def test_a_read_closes_the_file(path: Path) -> None:
    """A reader reads it for each new connection."""
    write(path)
    before = os.listdir("/proc/self/fd")
    read_token(path)
    assert os.listdir("/proc/self/fd") == before


def test_a_missing_store_has_no_login(path: Path) -> None:
    """It is not an error: readers are anonymous then."""
    assert read_token(path) is None


def test_the_store_is_json_with_a_version(path: Path) -> None:
    """It is indented, so that a person can read it."""
    write(path)
    assert json.loads(path.read_text())["version"] == 1
    assert len(path.read_text().splitlines()) > 5


def test_the_store_is_created_private(path: Path) -> None:
    """Mode 0600 for it and its lock, whatever the umask, and 0700 for a new folder."""
    nested = path.parent / "auth" / path.name
    before = os.umask(0)
    try:
        write(nested)
    finally:
        os.umask(before)
    for file in (nested, nested.with_name(f"{path.name}.lock")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(nested.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610])
def test_a_store_that_others_have_access_to_is_refused(path: Path, mode: int) -> None:
    """The error has the file and the command that repairs it, but no token."""
    write(path)
    path.chmod(mode)
    with pytest.raises(TokenStoreError) as raised:
        read_token(path)
    assert f"chmod 600 {path}" in str(raised.value)
    assert "firstaccess" not in str(raised.value)
    path.chmod(0o600)
    assert read_token(path) == TOKEN


def test_a_store_that_others_have_access_to_is_not_written(path: Path) -> None:
    """A person should check it first."""
    write(path)
    path.chmod(0o644)
    with pytest.raises(TokenStoreError, match="chmod 600"):
        write(path, numbered(1))


def test_unknown_fields_are_kept(path: Path) -> None:
    """A later release may have added them."""
    write(path)
    fields = json.loads(path.read_text()) | {"added_later": {"deep": [1, 2]}}
    path.write_text(json.dumps(fields))
    assert read_token(path) == TOKEN
    write(path, numbered(7))
    assert json.loads(path.read_text())["added_later"] == {"deep": [1, 2]}
    assert read_token(path) == numbered(7)


def test_a_store_of_a_newer_version_is_neither_read_nor_overwritten(path: Path) -> None:
    """Its meaning is not known."""
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
def test_an_invalid_store_is_an_error_and_can_be_overwritten(path: Path, content: bytes) -> None:
    """The error asks for a new login, which overwrites it."""
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(TokenStoreError, match="auth login`, which replaces it"):
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
def test_an_invalid_field_is_named_without_its_value(path: Path, field: str, value: object) -> None:
    """Otherwise a token in the wrong field could be logged."""
    write(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(TokenStoreError, match=field) as raised:
        read_token(path)
    assert "JOIN" not in str(raised.value)
    assert "soon" not in str(raised.value)


def test_a_folder_is_not_a_store(path: Path) -> None:
    """Docker creates a folder if the file to mount does not exist."""
    path.mkdir(mode=0o700)
    with pytest.raises(TokenStoreError, match="is not a file"):
        read_token(path)


def test_a_failed_write_leaves_the_store_unchanged(path: Path) -> None:
    """The error has the reason."""
    write(path)
    with pytest.raises(TokenStoreError, match=r"cannot read .*Not a directory"):
        LockedTokenStore(path / "below a file").write(numbered(1))
    with pytest.raises(TokenStoreError, match=r"cannot write .*File exists"):
        write(path / "below a file")
    with pytest.raises(TokenStoreError, match=r"cannot write .*No such file"):
        LockedTokenStore(path.parent / "no folder" / path.name).write(numbered(1))
    assert read_token(path) == TOKEN


def test_a_login_does_not_show_its_tokens() -> None:
    """They are not in its representation, which may be logged."""
    assert "first" not in repr(TOKEN)
    assert "somebot" in repr(TOKEN)


def test_removing_the_store_leaves_no_token_behind(path: Path) -> None:
    """The leftovers of a killed writer are removed too."""
    write(path)
    (path.parent / f".{path.name}.killed").write_text("a token")
    with locked_token_store(path) as store:
        store.remove()
        store.remove()
    assert [entry.name for entry in path.parent.iterdir()] == [f"{path.name}.lock"]


def test_a_store_that_cannot_be_removed_is_an_error(path: Path) -> None:
    """The error has the path and the reason."""
    path.mkdir()
    with (
        locked_token_store(path) as store,
        pytest.raises(TokenStoreError, match=f"cannot remove {path}: Is a directory"),
    ):
        store.remove()


def test_only_one_process_changes_the_store_at_a_time(path: Path) -> None:
    """The other one waits until the first has finished."""
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
        assert other.wait(60) == 0
    assert read_token(path) == numbered(5)


def test_waiting_for_a_lock_has_a_timeout(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the path of the lock file."""
    monkeypatch.setattr("common.token_store.LOCK_WITHIN_S", 0.05)
    with (
        locked_token_store(path),
        pytest.raises(TokenStoreError, match=f"{path.name}.lock"),
        locked_token_store(path),
    ):
        pass


@pytest.mark.parametrize("action", ["kill-at-each-instruction", "kill-at-random"])
def test_a_killed_writer_leaves_a_complete_login(path: Path, action: str) -> None:
    """The old one or the new one. The lock is released, and no temporary file stays."""
    write(path)
    program = python_module("tests.common.store_writers", action, str(path))
    result = subprocess.run(program, cwd=REPOSITORY, capture_output=True, timeout=100, check=False)
    assert result.returncode == 0, result.stderr.decode()
    assert int(result.stdout) >= 200
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        path.name,
        f"{path.name}.lock",
    ]


def test_the_store_can_be_read_while_it_is_replaced(path: Path) -> None:
    """Each read returns a complete login, never an older one than before."""
    write(path, numbered(0))
    program = python_module("tests.common.store_writers", "write-indefinitely", str(path))
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
