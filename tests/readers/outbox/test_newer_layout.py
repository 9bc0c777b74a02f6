"""An outbox that a newer release has written, after a downgrade."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from readers.outbox.damage import damage_mark
from readers.outbox.errors import OutboxPlaceError
from readers.outbox.layout import LAYOUT_VERSION
from readers.outbox.outbox import Outbox
from tests.readers.outbox.damages import MAX_BYTES, batch, executed, held
from tests.readers.outbox.layout_files import beside


def executed_while_open(outbox: Outbox, statement: str) -> None:
    """Execute *statement* in the file of *outbox*."""
    outbox._database._connection.execute(statement)


@pytest.mark.parametrize("how", ["closed", "killed", "found to be damaged"])
def test_an_outbox_of_a_newer_release_is_left_alone(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows what its tables mean. The newer release goes on where it was."""
    path = tmp_path / "xqc.db"
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        for number in range(100):
            outbox.append(batch(number))
        if how == "killed":
            executed_while_open(outbox, f"PRAGMA user_version = {LAYOUT_VERSION + 1}")
            left = tmp_path / "left"
            shutil.copytree(tmp_path, left, ignore=lambda *_: [left.name])
            path = left / path.name
        else:
            executed_while_open(outbox, f"PRAGMA user_version = {LAYOUT_VERSION + 1}")
    if how == "found to be damaged":
        damage_mark(path).touch()
    problem = (
        f"^cannot use {path}, which is in STATE_DIR: a newer release has written it"
        rf" \(its layout is {LAYOUT_VERSION + 1}, this release supports {LAYOUT_VERSION}\); upgrade"
    )
    for _ in range(2):
        with pytest.raises(OutboxPlaceError, match=problem):
            Outbox(path, "xqc", MAX_BYTES)
    assert beside(path) <= {"-damaged", "left"}
    executed(f"PRAGMA user_version = {LAYOUT_VERSION}")(path)
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert held(outbox) == list(range(100))
    assert ("renamed it to" in caplog.text) == (how == "found to be damaged")
