"""Fixtures for the tests of the benchmarks."""

from __future__ import annotations

import pytest

from benchmarks.node_scripts import node_script
from tests.toolchains import NoToolchainError


@pytest.fixture
def node() -> None:
    """Skip the test where Node's packages are not available; the service does not need them."""
    try:
        node_script("parse.mjs")
    except NoToolchainError as error:
        pytest.skip(str(error))
