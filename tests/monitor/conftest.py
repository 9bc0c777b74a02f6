"""Fixtures: a host's status pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.monitor.status_pages import StatusPages, status_pages


@pytest.fixture
def pages(short_folder: Path) -> Iterator[StatusPages]:
    """Yield what writes status pages in the folder `var` of `short_folder`."""
    with status_pages(short_folder / "var") as pages:
        yield pages
