"""A wheel alone is enough: it is installed where nothing else is, and runs the whole service."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SETTINGS, wait_until_joined
from tests.processes import (
    StartProcess,
    base_environment,
    started_processes,
    wait_for_line,
)
from tests.requirements import unavailable
from tests.tracked_files import copy_product

# One worker builds and installs, for all of these tests.
pytestmark = pytest.mark.xdist_group("wheel")

#: Nothing of this repository, nor of the environment that the tests run in.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ""}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of the files that git tracks."""
    folder = tmp_path_factory.mktemp("wheel")
    source = copy_product(folder / "source")
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(source))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the scripts of an environment that only the wheel was installed in."""
    environment = tmp_path_factory.mktemp("environment")
    _run([sys.executable, "-m", "venv", "--without-pip", str(environment)])
    _pip("--python", str(environment / "bin" / "python"), "install", str(wheel))
    return environment / "bin"


@pytest.fixture
def twitch() -> Iterator[BackgroundChatServer]:
    """Yield a local chat server."""
    with BackgroundChatServer() as server:
        yield server


def test_the_wheel_has_the_service_and_nothing_else(wheel: Path) -> None:
    """No tests or benchmarks; the files that init writes; the marks of typed packages."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packages = {
        "auth",
        "common",
        "monitor",
        "publisher",
        "readers",
        "simulator",
        "twitch_ingestion",
    }
    metadata = next(name for name in names if name.endswith("/METADATA")).partition("/")[0]
    assert {name.partition("/")[0] for name in names} == {*packages, metadata}
    assert {f"{package}/py.typed" for package in packages} <= set(names)
    files = {"supervisord.conf", "programs.conf", "channels.conf", "env"}
    assert {f"twitch_ingestion/files/{name}" for name in files} <= set(names)
    assert f"{metadata}/licenses/LICENSE" in names


@pytest.mark.timeout(240)
def test_a_newcomer_sees_messages(
    installed: Path, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """From init to a message in the topic, with the commands that init prints."""
    script = str(installed / "twitch-ingestion")
    steps = _run([script, "init", "chat"], cwd=short_folder)
    where = "import common; print(common.__file__)"
    assert str(installed.parent) in _run([str(installed / "python"), "-c", where], cwd=short_folder)
    folder = short_folder / "chat"
    *_, check, _, supervisord, _, status, top, tail, _, apply = map(str.strip, steps.splitlines())
    with (folder / ".env").open("a") as settings:
        settings.write(SETTINGS.format(port=twitch.port))
    _run(shlex.split(check), cwd=folder)

    with started_processes(folder) as start:
        service = start(shlex.split(supervisord), _ENVIRONMENT)
        wait_for_line(service, "publisher: started", timeout_s=60)
        (folder / "channels.conf").write_text("xqc\n")
        _run(shlex.split(apply), cwd=folder)
        wait_until_joined(twitch, "xqc")
        assert "reader-xqc" in _run(shlex.split(status), cwd=folder)
        wait_for_line(service, "monitor: serving", timeout_s=60)
        wait_for_line(start(shlex.split(top), _ENVIRONMENT), "CHANNEL", timeout_s=60)
        _see_a_message(start, shlex.split(tail), twitch)
        assert service.stop(timeout_s=40) == 0


@pytest.mark.timeout(240)
def test_the_demo_needs_nothing_but_the_wheel(installed: Path, short_folder: Path) -> None:
    """Its recordings and its simulated Twitch are in the wheel."""
    script = str(installed / "twitch-ingestion")
    with started_processes(short_folder) as start:
        demo = start([script, "demo"], _ENVIRONMENT)
        wait_for_line(demo, "Ctrl-C stops everything", timeout_s=60)
        command = next(line for line in demo.output().splitlines() if line.endswith(" tail --all"))
        shown = start(["sh", "-c", command], _ENVIRONMENT)
        wait_for_line(shown, r"^\d\d:\d\d:\d\d #\w+ \w+: ", timeout_s=60)
        assert demo.stop(timeout_s=40) == 0


@pytest.mark.timeout(240)
def test_with_uv_the_printed_commands_run(wheel: Path, tmp_path: Path) -> None:
    """uv puts our command on the PATH, but not those of supervisor."""
    _run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")])
    _pip("--python", str(tmp_path / "venv" / "bin" / "python"), "install", "uv")
    on_path = tmp_path / "bin"
    folders = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(on_path)}
    uv = [str(tmp_path / "venv" / "bin" / "uv"), "tool", "install", "--python", sys.executable]
    _install([*uv, str(wheel)], os.environ | folders)
    assert [path.name for path in on_path.iterdir()] == ["twitch-ingestion"]

    path = {"PATH": f"{on_path}:{_ENVIRONMENT['PATH']}"}
    steps = _run(["twitch-ingestion", "init", "chat"], cwd=tmp_path, environment=path)
    *_, supervisord, _, supervisorctl, top, tail, _, apply = (
        line.strip() for line in steps.splitlines()
    )
    assert top == "twitch-ingestion top"
    assert tail == "twitch-ingestion tail --all"
    assert apply == "twitch-ingestion channels apply"
    assert _run([shlex.split(supervisord)[0], "--version"], environment=path)
    assert "Usage" in _run([shlex.split(supervisorctl)[0], "--help"], environment=path)


def _see_a_message(start: StartProcess, tail: list[str], twitch: BackgroundChatServer) -> None:
    twitch.run(twitch.server.say("xqc", "hello from a wheel"))
    shown = start([*tail, "--from-beginning"], _ENVIRONMENT)
    wait_for_line(shown, "hello from a wheel", timeout_s=30)


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # Where the packages come from is a matter of this machine.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    _install([*command, *arguments], environment)


def _install(command: list[str], environment: Mapping[str, str]) -> None:
    """Run *command*; end the test if it finds no package index."""
    finished = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    output = finished.stdout + finished.stderr
    if "No matching distribution found" in output or "Failed to fetch" in output:
        unavailable("there is no package index")
    assert finished.returncode == 0, output


def _run(
    command: list[str], *, cwd: Path | None = None, environment: Mapping[str, str] = _ENVIRONMENT
) -> str:
    finished = subprocess.run(
        command,
        cwd=cwd,
        env=base_environment() | _ENVIRONMENT | dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return finished.stdout
