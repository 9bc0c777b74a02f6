"""What the image needs is in the build context: .dockerignore leaves out everything else."""

from __future__ import annotations

import os
from pathlib import Path

from tests.processes import REPOSITORY
from tests.test_walls import MAY_IMPORT


def _allowed() -> set[str]:
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    return {line.removeprefix("!") for line in lines if line.startswith("!")}


def test_every_package_is_in_the_context() -> None:
    """Otherwise the image has a command that cannot be run."""
    assert {room.partition(".")[0] for room in MAY_IMPORT} <= _allowed()


def test_every_file_that_init_writes_is_in_the_context() -> None:
    """The package has links to them, which must lead somewhere."""
    links = (REPOSITORY / "twitch_ingestion" / "files").iterdir()
    targets = {os.path.relpath(link.resolve(), REPOSITORY) for link in links}
    assert len(targets) == 4
    assert targets <= _allowed()


def test_everything_that_is_copied_is_in_the_context() -> None:
    """Whole folders, or files."""
    lines = (REPOSITORY / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ")]
    names = {str(Path(name)) for names in copied for name in names if not name.startswith("-")}
    assert names - {".", "/venv"} <= _allowed()
