"""Decides what happens to a test whose real part is missing: skipped at a desk, failed in CI."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def unavailable(reason: str) -> NoReturn:
    """End the test for *reason*: a failure where CI is set, a skip by name elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; in CI nothing may go untested", pytrace=False)
    pytest.skip(reason)


def require_program(name: str) -> None:
    """Let the test go on only where the program *name* is on the PATH."""
    if shutil.which(name) is None:
        unavailable(f"{name} is not installed")
