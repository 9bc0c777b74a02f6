"""The faults' options, seed and result table: a pytest plugin.

It is no conftest.py: pytest-xdist's controller collects no tests, so it would not load that.
"""

from __future__ import annotations

import random

import pytest

from tests.faults.report import Row, table

FULL_ROUNDS = 20

_PROPERTY = "fault"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options; `scripts/faults` passes them on."""
    group = parser.getgroup("faults")
    group.addoption("--full", action="store_true", help="run faults in full length and number")
    group.addoption("--rounds", type=int, help=f"how often a fault is repeated [{FULL_ROUNDS}]")
    group.addoption("--seed", type=int, help="seed of an earlier run, to replay a failure")


def pytest_configure(config: pytest.Config) -> None:
    """Choose a seed if none is given. Workers get the controller's options, and so its seed."""
    if config.option.seed is None:
        config.option.seed = random.SystemRandom().randrange(1 << 32)
    config.pluginmanager.register(_Table(config.option.seed))


def pytest_report_header(config: pytest.Config) -> str:
    """Show the seed."""
    return f"faults: seed {config.option.seed}"


def add_row(test: pytest.Item, row: Row) -> None:
    """Add *row*, the result of *test*, to the table."""
    test.user_properties.append((_PROPERTY, row.cells()))


class _Table:
    """Collects the rows from the reports that workers send to the controller."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rows: list[tuple[str, ...]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the rows of a test."""
        if report.when == "call":
            for name, row in report.user_properties:
                if name == _PROPERTY and isinstance(row, tuple):
                    self._rows.append(row)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the table."""
        if self._rows:
            terminalreporter.section(f"faults (seed {self._seed})")
            for line in table(self._rows):
                terminalreporter.write_line(line)
