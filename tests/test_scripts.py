"""What the scripts in scripts/ print about themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

_SCRIPTS = sorted(path.name for path in (REPOSITORY / "scripts").iterdir())


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a copy of the scripts and of what they read, without an environment."""
    ignore = shutil.ignore_patterns("node_modules", "target", "__pycache__")
    for name in ("scripts", "benchmarks"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=ignore)
    shutil.copy(REPOSITORY / "setup.cfg", tmp_path)
    return tmp_path


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("script", _SCRIPTS)
def test_help_prints_the_usage_and_installs_nothing(clone: Path, script: str, option: str) -> None:
    """The exit status is 0, and the usage names the script."""
    result = _run(clone, script, option)

    assert result.returncode == 0
    assert f"scripts/{script}" in result.stdout
    assert "set -euo" not in result.stdout
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize(
    "arguments",
    [["dev"], ["dev", "--nonsense"], ["bench"], ["bench", "nonsense"], ["install", "nonsense"]],
    ids=" ".join,
)
def test_a_wrong_command_line_is_refused(clone: Path, arguments: list[str]) -> None:
    """The exit status is 2, there is an explanation, and nothing is installed."""
    result = _run(clone, *arguments)

    assert result.returncode == 2
    assert result.stderr
    assert not (clone / ".venv").exists()


def _run(clone: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [f"scripts/{script}", *arguments],
        cwd=clone,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
