"""Moving code that is run together."""

from __future__ import annotations

import threading

from readers.fork_server.hot_code import code_run_by, move_together


def outer() -> list[int]:
    """Run a function within it, in this thread and in another."""

    def inner() -> int:
        return 1

    other = threading.Thread(target=run_in_thread)
    other.start()
    other.join()
    return [inner()]


def run_in_thread() -> None:
    """Do nothing."""


def not_run() -> None:
    """Do nothing."""


def test_the_code_that_was_run_is_moved_and_does_the_same() -> None:
    """All other code stays where it is."""
    run = code_run_by(outer)
    before = [each.__code__ for each in (outer, run_in_thread, not_run)]
    assert [any(code is each for each in run) for code in before] == [True, True, False]
    move_together(run)
    after = [each.__code__ for each in (outer, run_in_thread, not_run)]
    assert [code is each for code, each in zip(before, after, strict=True)] == [False, False, True]
    assert outer() == [1]
    inner_before, inner_after = (
        next(each for each in code.co_consts if getattr(each, "co_name", "") == "inner")
        for code in (before[0], after[0])
    )
    assert inner_before is not inner_after
