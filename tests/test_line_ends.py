"""A clone works whatever line ends git is configured to write."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.processes import REPOSITORY


def test_a_clone_with_autocrlf_has_no_carriage_returns(tmp_path: Path) -> None:
    """Its scripts start, and git sees no change in it."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    shutil.copytree(REPOSITORY / "scripts", origin / "scripts")
    for name in (".gitattributes", "supervisord.conf", "setup.cfg"):
        shutil.copy(REPOSITORY / name, origin)
    (origin / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    _git(origin, "init", "--quiet")
    _git(origin, "add", "--all")
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
    _git(origin, *identity, "commit", "--quiet", "--message", "all")

    _git(tmp_path, "clone", "--quiet", "--config", "core.autocrlf=true", str(origin), str(clone))

    files = {path.relative_to(clone): path.read_bytes() for path in _files(clone)}
    assert files == {path.relative_to(origin): path.read_bytes() for path in _files(origin)}
    assert [name for name, content in files.items() if b"\r" in content] == [Path("image.png")]
    assert _git(clone, "status", "--porcelain") == ""
    usage = [str(clone / "scripts" / "install"), "--help"]
    shown = subprocess.run(usage, capture_output=True, text=True, timeout=60, check=True)
    assert "scripts/install" in shown.stdout


def _files(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    ]


def _git(folder: Path, *arguments: str) -> str:
    finished = subprocess.run(
        ["git", "-C", folder, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return finished.stdout
