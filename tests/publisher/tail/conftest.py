"""What the tests of `tail` share."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest


@pytest.fixture
def _in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have another local time than UTC: 9 hours later, all the year."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()
