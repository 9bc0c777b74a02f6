"""`twitch-ingestion init`: the files that it writes, and those that it leaves alone."""

from __future__ import annotations

import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from common.settings_file import read_settings_file
from readers.supervision.channel_names import read_channel_names
from tests.full_disk import largest_file
from tests.other_user import give_to_other_user
from tests.processes import REPOSITORY, base_environment

_SCRIPT = Path(sys.executable).with_name("twitch-ingestion")
#: Like that of a person who has not put our scripts on the PATH.
_ENVIRONMENT = base_environment() | {"PATH": "/usr/bin:/bin"}
del _ENVIRONMENT["MONITOR_BIND"]


def _init(folder: Path, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_SCRIPT, "init", str(folder)],
        cwd=cwd,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_makes_the_folder_and_everything_in_it(tmp_path: Path) -> None:
    """Nothing that is secret can be read by others, and nothing is set yet."""
    folder = tmp_path / "new" / "chat"
    finished = _init(folder, cwd=tmp_path)

    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    assert _mode(folder / ".env") == 0o600
    assert _mode(folder / "var") == 0o700
    assert read_settings_file(folder / ".env", lambda _: None).values == {}
    for name, original in {
        "supervisord.conf": "supervisord.conf",
        "programs.conf": "programs.conf.example",
        "channels.conf": "channels.conf.example",
        ".env": ".env.example",
    }.items():
        assert (folder / name).read_bytes() == (REPOSITORY / original).read_bytes()
        assert name in finished.stdout


def test_it_says_where_the_live_page_is(tmp_path: Path) -> None:
    """As the settings say, if they can be read, and it is known."""
    assert "http://127.0.0.1:9464/" in _init(tmp_path, cwd=tmp_path).stdout
    for bind, page in {"0.0.0.0:80": "at http://127.0.0.1:80/", "[::1]:0": "", "wrong": ""}.items():
        (tmp_path / ".env").write_text(f"MONITOR_BIND={bind}\n")
        finished = _init(tmp_path, cwd=tmp_path)
        assert finished.returncode == 0, finished.stderr
        assert page in finished.stdout
        assert page or "http://" not in finished.stdout


def test_the_commands_that_it_prints_run_when_pasted(tmp_path: Path) -> None:
    """In a folder whose name has to be quoted; up to the one that starts supervisord."""
    finished = _init(Path("my chat"), cwd=tmp_path)

    commands, _, other_terminal = finished.stdout.partition("In another terminal")
    lines = [line.strip() for line in commands.splitlines() if line.startswith("    ")]
    *before, check, start = [line for line in lines if not line.startswith("#")]
    assert check.endswith("twitch-ingestion check")
    program = shlex.split(start)[0]
    script = "\n".join([*before, f"{shlex.quote(program)} --version && pwd"])
    pasted = subprocess.run(
        ["sh", "-euc", script],
        cwd=tmp_path,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert pasted.returncode == 0, pasted.stderr
    assert pasted.stdout.splitlines()[-1] == str(tmp_path / "my chat")
    assert start.endswith(" -c supervisord.conf")
    channels = (tmp_path / "my chat" / "channels.conf").read_text()
    assert read_channel_names(channels).channels == ("xqc",)
    values = read_settings_file(tmp_path / "my chat" / ".env", lambda _: None).values
    assert values == {"KAFKA_BROKERS": "localhost:9092"}
    others = [line.strip() for line in other_terminal.splitlines() if line.startswith("    ")]
    others = [line for line in others if not line.startswith("#")]
    assert len(others) == 4
    for line in others:
        assert Path(shlex.split(line)[0]).exists()


def test_what_exists_is_kept(tmp_path: Path) -> None:
    """It is named, and no step is printed that would change it."""
    for name in ("programs.conf", "channels.conf", ".env"):
        (tmp_path / name).write_text("# mine\n")
    (tmp_path / "var").mkdir(mode=0o750)

    finished = _init(tmp_path, cwd=tmp_path)

    assert finished.returncode == 0
    for name in ("programs.conf", "channels.conf", ".env"):
        assert (tmp_path / name).read_text() == "# mine\n"
    assert "Kept" in finished.stdout
    assert ">>" not in finished.stdout
    assert (tmp_path / "supervisord.conf").exists()
    assert _mode(tmp_path / "var") == 0o750


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """Not even the time of a file."""
    _init(tmp_path, cwd=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    finished = _init(tmp_path, cwd=tmp_path)

    assert finished.returncode == 0
    assert finished.stderr == ""
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_another_supervisord_conf_is_kept_and_ours_is_beside_it(tmp_path: Path) -> None:
    """The printed commands compare the two, and take ours."""
    ours = (REPOSITORY / "supervisord.conf").read_text()
    (tmp_path / "supervisord.conf").write_text("; older\n" + ours)

    finished = _init(tmp_path, cwd=tmp_path)

    assert (tmp_path / "supervisord.conf").read_text() == "; older\n" + ours
    diff, move = [line for line in finished.stderr.splitlines() if line.startswith("    ")]
    shown = subprocess.run(diff, shell=True, capture_output=True, text=True, check=False)  # noqa: S602
    assert shown.stdout == "1d0\n< ; older\n"
    subprocess.run(move, shell=True, check=True)  # noqa: S602
    assert (tmp_path / "supervisord.conf").read_text() == ours
    assert _init(tmp_path, cwd=tmp_path).stderr == ""


@pytest.mark.parametrize(
    ("mode", "afterwards"), [(0o644, 0o600), (0o604, 0o600), (0o640, 0o640), (0o400, 0o400)]
)
def test_settings_that_everybody_can_read_are_protected(
    tmp_path: Path, mode: int, afterwards: int
) -> None:
    """A group may be meant to read them, such as that of the user that the service runs as."""
    (tmp_path / ".env").touch()
    (tmp_path / ".env").chmod(mode)

    finished = _init(tmp_path, cwd=tmp_path)

    assert _mode(tmp_path / ".env") == afterwards
    assert ("Everybody could read" in finished.stderr) == (mode != afterwards)


def test_settings_of_another_user_are_left_alone(tmp_path: Path) -> None:
    """Root does not know who has to read them."""
    (tmp_path / ".env").touch()
    (tmp_path / ".env").chmod(0o644)
    give_to_other_user(tmp_path / ".env")

    assert _init(tmp_path, cwd=tmp_path).stderr == ""
    assert _mode(tmp_path / ".env") == 0o644


def test_a_link_to_nothing_is_kept(tmp_path: Path) -> None:
    """What it leads to may be on a disk that is not there at the moment."""
    (tmp_path / ".env").symlink_to("elsewhere")

    assert _init(tmp_path, cwd=tmp_path).returncode == 0
    assert (tmp_path / ".env").is_symlink()
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """In one line, with the exit code for what a person has to correct."""
    (tmp_path / "file").touch()
    finished = _init(tmp_path / "file" / "chat", cwd=tmp_path)

    assert finished.returncode == 78
    assert finished.stdout == ""
    assert finished.stderr.count("\n") == 1
    assert str(tmp_path / "file") in finished.stderr


def test_a_full_disk_is_named_and_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    """A second run can do the rest."""
    with largest_file(1024):
        finished = _init(tmp_path / "chat", cwd=tmp_path)

    assert finished.returncode == 78
    assert finished.stderr == f"Cannot set up {tmp_path / 'chat'}: File too large\n"
    made = {path.name for path in (tmp_path / "chat").iterdir()}
    assert made <= {"channels.conf", "programs.conf"}
    assert _init(tmp_path / "chat", cwd=tmp_path).returncode == 0
