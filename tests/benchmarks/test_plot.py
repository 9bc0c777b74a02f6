"""The plots of the benchmarks scale and soak."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.contestants import SERVICE
from benchmarks.report import write_json

plot = pytest.importorskip("benchmarks.plot", exc_type=ImportError)

_PROCESSES = ("readers", "publisher", "supervisord")


def test_scale_is_drawn_by_the_number_of_channels(tmp_path: Path) -> None:
    """Memory and processor use of each program, and the script's beside it, always alike."""
    rows: list[dict[str, object]] = [
        {
            "what": SERVICE,
            "channels": count,
            "all PSS MiB": 12 * count,
            **{f"{who} CPU %": count for who in _PROCESSES},
        }
        for count in (1, 10)
    ]
    script = {"what": "the script", "channels": 10, "all PSS MiB": 80, "all CPU %": 20}
    write_json(tmp_path / "figures.json", "scale", idle=[*rows, script], traffic=[*rows, script])
    first = plot.draw(tmp_path / "figures.json", tmp_path).read_text()
    assert all(who in first for who in (*_PROCESSES, "the script"))
    assert plot.draw(tmp_path / "figures.json", tmp_path).read_text() == first
    assert (tmp_path / "scale.svg").exists()


def test_soak_is_drawn_over_time(tmp_path: Path) -> None:
    """One line for each process."""
    samples = [{"minutes": minute, "publisher": 30, "readers xqc": 12} for minute in range(3)]
    write_json(tmp_path / "figures.json", "soak", result=[{"messages/s": 5000}], memory=samples)
    picture = plot.draw(tmp_path / "figures.json", tmp_path)
    assert picture == tmp_path / "soak.svg"
    assert "readers xqc" in picture.read_text()
