"""Skips a test whose real program or server is missing, or fails it in CI."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def unavailable(reason: str) -> NoReturn:
    """End the test with *reason*: a failure where CI is set, a skip elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; in CI no test may be skipped", pytrace=False)
    pytest.skip(reason)


def require_program(name: str) -> None:
    """End the test, as `unavailable` does, unless the program *name* is on the PATH."""
    if shutil.which(name) is None:
        unavailable(f"{name} is not installed")
