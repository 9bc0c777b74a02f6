"""`twitch-ingestion keys` and the key files."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
import zmq
from zmq.utils import z85

from common.curve import publisher_keys, reader_keys
from common.key_files import (
    AUTHORIZED,
    PUBLISHER_PAIR,
    READERS_PAIR,
    KeyFileError,
    authorize,
    authorized_keys,
    make_pair,
    read_pair,
)
from common.settings import read_settings
from tests.processes import base_environment, python_module

KEY = "0123456789abcdef" * 4
OTHER_KEY = "fedcba9876543210" * 4


def keys(
    state: Path, *arguments: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m common.keys` with the state directory *state*, in *folder* or there."""
    return subprocess.run(
        python_module("common.keys", *arguments),
        env=base_environment() | {"STATE_DIR": str(state)},
        cwd=folder or state,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def mode(path: Path) -> int:
    """Return the permission bits of *path*."""
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_exchanged_with_two_commands_and_a_line(tmp_path: Path) -> None:
    """The output of each host is exactly what the other one needs."""
    publisher, readers = tmp_path / "publisher", tmp_path / "readers"
    publisher.mkdir()
    readers.mkdir()
    line = keys(publisher, "publisher").stdout
    command = keys(readers, "readers").stdout.split()
    assert command[:2] == ["twitch-ingestion", "keys"]
    authorized = keys(publisher, *command[2:])
    assert authorized.returncode == 0

    name, value = line.rstrip().split("=")
    [reader_side] = reader_keys(read_settings({"STATE_DIR": str(readers), name: value}))
    publisher_side = publisher_keys(read_settings({"STATE_DIR": str(publisher)}))
    assert reader_side
    assert publisher_side
    assert reader_side.publisher_public_key == publisher_side.pair.public_key
    assert authorized_keys(publisher_side.folder) == (
        {reader_side.pair.public_key: command[-1]},
        [],
    )


def test_the_public_key_belongs_to_the_private_key(tmp_path: Path) -> None:
    """ZeroMQ derives the same public key from the private one."""
    pair = make_pair(tmp_path / "keys" / READERS_PAIR)
    public = zmq.curve_public(z85.encode(bytes.fromhex(pair.secret_key)))
    assert z85.decode(public).hex() == pair.public_key


def test_a_pair_is_created_private(tmp_path: Path) -> None:
    """The file has mode 0600 in a folder of 0700, whatever the umask, and a version."""
    path = tmp_path / "keys" / PUBLISHER_PAIR
    before = os.umask(0)
    try:
        make_pair(path)
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert json.loads(path.read_text())["version"] == 1


def test_a_pair_is_created_once(tmp_path: Path) -> None:
    """A second call prints the same public key."""
    assert keys(tmp_path, "publisher").stdout == keys(tmp_path, "publisher").stdout


def test_no_command_and_no_error_shows_a_private_key(tmp_path: Path) -> None:
    """It is neither printed nor part of a pair's representation, which may be logged."""
    shown = [keys(tmp_path, command) for command in ("publisher", "readers", "publisher")]
    for name in (PUBLISHER_PAIR, READERS_PAIR):
        pair = read_pair(tmp_path / "keys" / name)
        assert pair
        assert pair.secret_key not in repr(pair)
        assert not any(pair.secret_key in each.stdout + each.stderr for each in shown)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o601])
def test_a_pair_that_others_have_access_to_is_refused(tmp_path: Path, bits: int) -> None:
    """The error has the command that repairs it."""
    path = tmp_path / "my keys" / READERS_PAIR
    pair = make_pair(path)
    path.chmod(bits)
    with pytest.raises(KeyFileError) as raised:
        read_pair(path)
    subprocess.run(shlex.split(str(raised.value).split("`")[1]), check=True)
    assert read_pair(path) == pair


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_pair_of_another_owner_may_be_shared_through_a_group(tmp_path: Path) -> None:
    """Kubernetes mounts secrets that way. Access for everybody is refused."""
    path = tmp_path / READERS_PAIR
    pair = make_pair(path)
    os.chown(path, 10001, 10001)
    path.chmod(0o440)
    assert read_pair(path) == pair
    path.chmod(0o444)
    with pytest.raises(KeyFileError):
        read_pair(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not a key file"),
        ("{}", "is not a key file"),
        ("[1]", "is not a key file"),
        ("\xff", "is not a key file"),
        ('{"version": 1, "public_key": "abc", "secret_key": "abc"}', "is not a key file"),
        ('{"version": 2, "keys": []}', "written by a newer release"),
    ],
)
def test_an_invalid_pair_is_refused(tmp_path: Path, content: str, message: str) -> None:
    """It is not overwritten."""
    path = tmp_path / READERS_PAIR
    path.write_text(content, "latin-1")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=message):
        make_pair(path)
    assert path.read_text("latin-1") == content


def test_a_pair_that_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    """The program does not wait for a pipe."""
    os.mkfifo(tmp_path / READERS_PAIR)
    with pytest.raises(KeyFileError, match="is not a file"):
        read_pair(tmp_path / READERS_PAIR)


def test_a_key_can_be_authorised_from_a_file(tmp_path: Path) -> None:
    """The file has the output of `readers`. Its name becomes the name of the key."""
    file = tmp_path / "host-7.txt"
    file.write_text(keys(tmp_path, "readers").stdout)
    assert keys(tmp_path, "authorize", str(file)).returncode == 0
    admitted, problems = authorized_keys(tmp_path / "keys")
    assert list(admitted.values()) == ["host-7"]
    assert problems == []


def test_a_private_key_cannot_be_authorised(tmp_path: Path) -> None:
    """A file with a pair is refused, and ignored in the folder of authorised keys."""
    pair = make_pair(tmp_path / "keys" / READERS_PAIR)
    refused = keys(tmp_path, "authorize", str(tmp_path / "keys" / READERS_PAIR))
    assert refused.returncode == 1
    assert "must contain exactly one public key" in refused.stderr
    assert pair.secret_key not in refused.stderr

    (tmp_path / "keys" / AUTHORIZED).mkdir()
    make_pair(tmp_path / "keys" / AUTHORIZED / "copied.json")
    admitted, problems = authorized_keys(tmp_path / "keys")
    assert admitted == {}
    assert "which must not leave its host" in problems[0]


def test_the_name_of_another_key_is_refused(tmp_path: Path) -> None:
    """The old key stays. Authorising the same key again is not an error."""
    authorize(tmp_path, "host", KEY)
    authorize(tmp_path, "host", KEY.upper())
    with pytest.raises(KeyFileError, match="holds another key"):
        authorize(tmp_path, "host", OTHER_KEY)
    assert authorized_keys(tmp_path) == ({KEY: "host"}, [])


@pytest.mark.parametrize("name", ["", ".", "../x", "a/b", ".hidden", "a\nb", "x" * 101])
def test_a_name_that_cannot_be_a_file_name_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is written."""
    with pytest.raises(KeyFileError, match="is not a valid name"):
        authorize(tmp_path, name, KEY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "abc", KEY[:-1], KEY + "0", "no such file"])
def test_an_invalid_public_key_is_refused(tmp_path: Path, key: str) -> None:
    """With an error and exit status 1."""
    refused = keys(tmp_path, "authorize", key, "--name", "host")
    assert refused.returncode == 1
    assert "is neither a public key nor a file" in refused.stderr


def test_invalid_key_files_do_not_affect_the_others(tmp_path: Path) -> None:
    """They are reported. Hidden files and other file types are ignored."""
    authorize(tmp_path, "good", KEY)
    folder = tmp_path / AUTHORIZED
    (folder / "half.json").write_text('{"version": 1, "public')
    (folder / ".good.json.x1").write_text("half")
    (folder / "README").write_text("none")
    admitted, problems = authorized_keys(tmp_path)
    assert admitted == {KEY: "good"}
    assert [problem.split()[0] for problem in problems] == [str(folder / "half.json")]


def test_without_a_folder_no_key_is_authorised(tmp_path: Path) -> None:
    """This is the initial state, not a problem."""
    assert authorized_keys(tmp_path) == ({}, [])


def test_the_list_shows_public_keys_and_names_only(tmp_path: Path) -> None:
    """Of this host's pairs, and of each authorised host with the time since when it is."""
    publisher = make_pair(tmp_path / "keys" / PUBLISHER_PAIR)
    readers = make_pair(tmp_path / "keys" / READERS_PAIR)
    os.utime(authorize(tmp_path / "keys", "readers-1", KEY), (0, 1_700_000_000))
    shown = keys(tmp_path, "list")
    assert shown.returncode == 0
    assert f"  publisher  {publisher.public_key}\n" in shown.stdout
    assert f"  readers    {readers.public_key}\n" in shown.stdout
    assert f"  readers-1  {KEY}  since 2023-11-1" in shown.stdout
    for pair in (publisher, readers):
        assert pair.secret_key not in shown.stdout + shown.stderr


def test_the_list_of_a_host_without_keys_says_none(tmp_path: Path) -> None:
    """This is the initial state, not a problem, and nothing is created."""
    shown = keys(tmp_path, "list")
    assert (shown.returncode, shown.stdout.count("\n  none\n")) == (0, 2)
    assert list(tmp_path.iterdir()) == []


def test_the_list_names_the_folder_that_it_has_looked_in(tmp_path: Path) -> None:
    """In a wrong working directory, there is nothing."""
    shown = keys(Path("state"), "list", folder=tmp_path)
    assert f"key pairs of this host ({tmp_path}/state/keys):" in shown.stdout


def test_the_list_names_files_that_are_of_no_use(tmp_path: Path) -> None:
    """The others are listed, and the status tells."""
    authorize(tmp_path / "keys", "good", KEY)
    (tmp_path / "keys" / AUTHORIZED / "bad.json").write_text("{}")
    (tmp_path / "keys" / READERS_PAIR).write_text("{}")
    (tmp_path / "keys" / READERS_PAIR).chmod(0o644)
    shown = keys(tmp_path, "list")
    assert shown.returncode == 1
    assert f"  good  {KEY}" in shown.stdout
    assert "bad.json is not a key file" in shown.stderr
    assert f"chmod 600 {tmp_path / 'keys' / READERS_PAIR}" in shown.stderr


@pytest.mark.parametrize("what", ["leaving", KEY, KEY.upper()])
def test_a_host_is_revoked_by_its_name_or_its_key(tmp_path: Path, what: str) -> None:
    """Under each of its names, or it would still be admitted. Other hosts stay."""
    folder = tmp_path / "keys"
    authorize(folder, "leaving", KEY)
    authorize(folder, "its-other-name", KEY)
    authorize(folder, "stays", OTHER_KEY)
    revoked = keys(tmp_path, "revoke", what)
    assert revoked.returncode == 0
    assert authorized_keys(folder) == ({OTHER_KEY: "stays"}, [])
    assert str(folder / AUTHORIZED / "its-other-name.json") in revoked.stderr
    assert keys(tmp_path, "revoke", what).returncode == 1


def test_a_file_that_is_no_key_is_revoked_by_its_name(tmp_path: Path) -> None:
    """It is what the publisher complains of."""
    authorize(tmp_path / "keys", "host", KEY).write_text("{}")
    assert keys(tmp_path, "revoke", "host").returncode == 0
    assert list((tmp_path / "keys" / AUTHORIZED).iterdir()) == []


@pytest.mark.parametrize("what", ["nobody", "../readers", ".", "", OTHER_KEY])
def test_what_is_not_authorised_cannot_be_revoked(tmp_path: Path, what: str) -> None:
    """Nothing is removed, here or elsewhere."""
    make_pair(tmp_path / "keys" / READERS_PAIR)
    authorize(tmp_path / "keys", "host", KEY)
    refused = keys(tmp_path, "revoke", what)
    assert refused.returncode == 1
    assert "no host is authorised" in refused.stderr
    assert (tmp_path / "keys" / READERS_PAIR).exists()
    assert authorized_keys(tmp_path / "keys") == ({KEY: "host"}, [])
