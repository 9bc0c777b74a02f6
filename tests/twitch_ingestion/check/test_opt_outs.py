"""The check of optout.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.settings import read_settings
from twitch_ingestion.check.findings import OK, WARNING, WRONG, Finding
from twitch_ingestion.check.host import Host
from twitch_ingestion.check.opt_outs import check_opt_outs


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of optout.conf in the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "optout.conf"


def found(*left_out: str) -> list[Finding]:
    """Return what the check finds on a host without the programs *left_out*."""
    return list(check_opt_outs(Host(read_settings({}), frozenset(left_out), ())))


def test_without_the_file_nobody_has_opted_out(path: Path) -> None:
    """Which is how most hosts are."""
    assert [finding.level for finding in found()] == [OK]
    assert not path.exists()


def test_wrong_lines_are_named_by_their_numbers(path: Path) -> None:
    """And not by what is in them. Readers go on without them."""
    path.write_text("ann\nsecret name\n123\n" + "secret name\n" * 20)
    warning, entries = found()
    assert warning.level == WARNING
    assert warning.text.endswith("are ignored: 2, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 11 more")
    assert "secret" not in warning.text
    assert entries == (OK, "entries in optout.conf: 2")


def test_a_file_that_cannot_be_read_is_wrong(path: Path) -> None:
    """No reader would start; but a host without readers needs none."""
    path.mkdir()
    (finding,) = found()
    assert finding.level == WRONG
    assert "no reader will start" in finding.text
    assert [finding.level for finding in found("readers")] == [OK]
