"""scripts/install: in a new clone, in one that has been moved, and without a network."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pip
import pytest

from tests.requirements import unavailable
from tests.tracked_files import copy_product

_OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a new clone."""
    return copy_product(tmp_path / "clone")


@pytest.mark.timeout(240)
def test_a_clone_that_was_moved_is_repaired(clone: Path) -> None:
    """The operator's files move with it. What is in .venv has the old path in it."""
    _make_environment(clone)
    requirements = [(clone / name).read_text() for name in ("setup.cfg", "pyproject.toml")]
    (clone / ".venv" / "installed-plain").write_text("".join(requirements))
    assert _install(clone) == ""
    assert stat.S_IMODE((clone / ".env").stat().st_mode) == 0o600
    (clone / "channels.conf").write_text("xqc\n")
    (clone / ".env").chmod(0o644)
    assert "Everybody could read .env" in _install(clone)
    assert stat.S_IMODE((clone / ".env").stat().st_mode) == 0o600

    moved = clone.rename(clone.with_name("moved"))
    repaired = _install(moved)

    assert f".venv was made for {clone}/.venv, and is now {moved}/.venv." in repaired
    assert _version(moved).startswith("twitch-ingestion ")
    assert (moved / "channels.conf").read_text() == "xqc\n"
    assert _install(moved) == ""


def test_a_copy_does_not_run_the_code_of_the_original(clone: Path) -> None:
    """A copied .venv would do that for as long as the original exists."""
    _make_environment(clone)
    copy = copy_product(clone.with_name("copy"))
    (clone / ".venv").rename(copy / ".venv")
    assert f".venv was made for {clone}/.venv" in _run(copy, _OFFLINE).stderr


def test_without_a_package_index_one_line_says_what_is_missing(clone: Path) -> None:
    """And what to do. All that pip says is in a file."""
    _make_environment(clone)
    finished = _run(clone, _OFFLINE)

    assert finished.returncode == 1
    assert finished.stdout == ""
    first, line = finished.stderr.splitlines()
    assert first == "Installing into .venv"
    assert line.startswith("Cannot install: pip found no setuptools>=")
    assert "Connect to the network" in line
    assert "setuptools" in (clone / ".venv" / "pip.log").read_text()
    assert not (clone / ".env").exists()


def test_another_failure_of_pip_is_one_line(clone: Path) -> None:
    """It is the last error of pip."""
    _make_environment(clone)
    (clone / "pyproject.toml").write_text("[build-system\n")
    finished = _run(clone, _OFFLINE)

    assert finished.returncode == 1
    _, line = finished.stderr.splitlines()
    assert line.startswith("Cannot install: ")
    assert "TOMLDecodeError" in line
    assert "pip.log" in line


def _make_environment(clone: Path) -> None:
    """Make an environment in *clone* that has pip and all that the product needs."""
    folder = clone / ".venv"
    command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(command, check=True, timeout=60)
    # Those of this environment: to install them takes ten times as long as everything else.
    site_packages = next(folder.glob("lib/python*/site-packages"))
    (site_packages / "borrowed.pth").write_text(f"{Path(pip.__file__).parent.parent}\n")


def _install(clone: Path) -> str:
    """Run scripts/install in *clone*, which must succeed; return what it prints."""
    finished = _run(clone, {})
    if "pip found no" in finished.stderr:
        unavailable("there is no package index")
    assert finished.returncode == 0, finished.stderr
    return finished.stderr


def _run(clone: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHON", "VENV", "PYTHONPATH"}}
    return subprocess.run(
        ["scripts/install"],
        cwd=clone,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def _version(clone: Path) -> str:
    command = [str(clone / ".venv" / "bin" / "twitch-ingestion"), "--version"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
