"""The keeper as a process; its token store is on a full disk, read-only, or a mount itself."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from common import exit_codes
from common.token_store import StoredToken, locked_token_store, read_token
from simulator.oauth_server import OAuthServer
from tests.auth.people import PUBLIC_CLIENT_ID, log_in
from tests.common.store_writers import TOKEN
from tests.faults.machine import Machine, machine_with_small_disk
from tests.processes import (
    REPOSITORY,
    Process,
    StartProcess,
    base_environment,
    python_module,
    wait_for,
    wait_for_line,
)

Keep = Callable[[], Process]

WITHIN_S = 60
RENEWED = "renewed the token of somebot"


@pytest.fixture
def clock() -> Callable[[], float]:
    """Return the system clock for the OAuth server; the processes use it, too."""
    return time.time


@dataclass(frozen=True)
class Disk:
    """A small disk for the store, on a machine with mounts of its own."""

    machine: Machine
    store: Path

    def run(self, *command: str) -> None:
        """Run *command* on the machine."""
        self.machine.run(*command)

    def stored(self) -> StoredToken:
        """Return the login in the store as a reader on the machine reads it."""
        token = read_token(self.machine.path(self.store))
        assert token is not None
        return token

    def names(self) -> list[str]:
        """Return what is in the folder of the store."""
        return sorted(os.listdir(self.machine.path(self.store.parent)))


@pytest.fixture
def store(short_folder: Path) -> Path:
    """Return the path of the store."""
    return short_folder / "login" / "tokenStore.json"


@pytest.fixture
def disk(processes: StartProcess, store: Path) -> Disk:
    """Return an empty disk."""
    return Disk(machine_with_small_disk(processes, store.parent, 64), store)


@pytest.fixture
def login(twitch: OAuthServer, short_folder: Path) -> Path:
    """Return a file, not on the small disk, with a login that has to be renewed at once."""
    access_token, refresh_token = log_in(twitch, PUBLIC_CLIENT_ID)
    path = short_folder / "login.json"
    token = msgspec.structs.replace(
        TOKEN,
        access_token=access_token,
        refresh_token=refresh_token,
        client_id=PUBLIC_CLIENT_ID,
        obtained_at=time.time() - 1000,
        expires_at=time.time() + 60,
    )
    with locked_token_store(path) as locked:
        locked.write(token)
    return path


@pytest.fixture
def keep(processes: StartProcess, disk: Disk, environment: dict[str, str]) -> Keep:
    """Return a function that starts the keeper on the machine."""
    more = {"TWITCH_CLIENT_ID": PUBLIC_CLIENT_ID, "TWITCH_CLIENT_SECRET": ""}
    return lambda: processes([*disk.machine.prefix, *python_module("auth")], environment | more)


def test_a_login_is_renewed_on_a_full_disk(
    disk: Disk, keep: Keep, login: Path, twitch: OAuthServer
) -> None:
    """There is no room for a second file. The store has enough for every later login."""
    disk.run("cp", "--preserve=mode", str(login), str(disk.store))
    disk.run("touch", f"{disk.store}.lock")
    twitch.state.token_life_s = 4
    disk.run("sh", "-c", f"! cat /dev/zero > {disk.store.parent}/zeros")
    for _ in range(2):  # the second one reads what the first one has stored
        keeper = keep()
        wait_for_line(keeper, RENEWED, WITHIN_S)
        assert keeper.stop() == exit_codes.OK
        assert disk.stored().refresh_token in twitch.state.refresh_tokens
        assert "ERROR" not in keeper.output()


@pytest.mark.parametrize("what", ["disk", "file"])
def test_a_read_only_mount_spends_no_refresh_token(
    disk: Disk, keep: Keep, login: Path, twitch: OAuthServer, what: str
) -> None:
    """Twitch is asked once the store can be written again. The file may be a mount of its own."""
    disk.run("cp", "--preserve=mode", str(login), str(disk.store))
    mount = disk.store.parent
    if what == "file":
        mount = disk.store
        disk.run("mount", "--bind", str(login), str(mount))
    disk.run("mount", "-o", "remount,bind,ro", str(mount))
    keeper = keep()
    wait_for_line(keeper, "is not renewed while it could not be stored: .*Read-only", WITHIN_S)
    assert "token refresh_token" not in twitch.state.calls
    disk.run("mount", "-o", "remount,bind,rw", str(mount))
    wait_for_line(keeper, RENEWED, WITHIN_S)
    assert disk.stored().refresh_token in twitch.state.refresh_tokens
    assert keeper.output().count("ERROR") == 1


@pytest.mark.parametrize("folder_is", ["writable", "read-only"])
def test_a_store_that_is_a_mount_is_written_in_place(
    disk: Disk, keep: Keep, login: Path, twitch: OAuthServer, folder_is: str
) -> None:
    """As with `docker run --volume login.json:/app/tokenStore.json`, also with `--read-only`."""
    disk.run("touch", str(disk.store))
    if folder_is == "read-only":
        disk.run("mount", "-o", "remount,ro", str(disk.store.parent))
    disk.run("mount", "--bind", str(login), str(disk.store))
    keeper = keep()
    wait_for_line(keeper, RENEWED, WITHIN_S)
    assert keeper.stop() == exit_codes.OK
    assert "ERROR" not in keeper.output()
    renewed = read_token(login)
    assert renewed == disk.stored()
    assert renewed is not None
    assert renewed.refresh_token in twitch.state.refresh_tokens
    assert disk.names() == [disk.store.name] + [f"{disk.store.name}.lock"] * (
        folder_is == "writable"
    )


@pytest.fixture
def in_memory(disk: Disk, keep: Keep, login: Path, twitch: OAuthServer) -> Process:
    """Return a keeper whose store becomes read-only while it waits for Twitch's response."""
    disk.run("cp", "--preserve=mode", str(login), str(disk.store))
    twitch.answers.clear()
    keeper = keep()
    wait_for(lambda: twitch.received, WITHIN_S, "the request")
    disk.run("mount", "--bind", str(login), str(disk.store))
    disk.run("mount", "-o", "remount,bind,ro", str(disk.store))
    twitch.answers.set()
    wait_for_line(keeper, RENEWED, WITHIN_S)
    wait_for_line(keeper, "is in memory only, .*Read-only file system", WITHIN_S)
    assert disk.stored().refresh_token not in twitch.state.refresh_tokens
    return keeper


def test_a_login_in_memory_is_stored_as_soon_as_that_is_possible(
    in_memory: Process, disk: Disk, twitch: OAuthServer
) -> None:
    """The process that has it must not end before."""
    disk.run("mount", "-o", "remount,bind,rw", str(disk.store))
    wait_for_line(in_memory, "the token store can be written again", WITHIN_S)
    token = disk.stored()
    assert token.refresh_token in twitch.state.refresh_tokens
    assert in_memory.stop() == exit_codes.OK
    assert token.access_token not in in_memory.output()


def test_a_login_that_is_lost_at_the_end_is_reported(in_memory: Process) -> None:
    """The exit code says so, too."""
    assert in_memory.stop() == exit_codes.FAILURE
    assert "the renewed login of somebot is lost" in in_memory.output()


@pytest.mark.parametrize("action", ["kill-at-each-instruction", "kill-at-random"])
def test_a_writer_that_is_killed_while_it_writes_in_place_leaves_a_complete_login(
    disk: Disk, login: Path, action: str
) -> None:
    """The old one or the new one: the write itself is not interrupted."""
    disk.run("touch", str(disk.store))
    disk.run("mount", "--bind", str(login), str(disk.store))
    program = python_module("tests.common.store_writers", action, str(disk.store))
    result = subprocess.run(
        [*disk.machine.prefix, *program],
        cwd=REPOSITORY,
        env=base_environment(),
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode()
    assert int(result.stdout) >= 200
    assert disk.names() == [disk.store.name, f"{disk.store.name}.lock"]
