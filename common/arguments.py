"""Runs the commands, and parses the numbers on their command lines."""

from __future__ import annotations

import os
import select
import sys
from argparse import ArgumentParser, ArgumentTypeError, HelpFormatter, Namespace
from collections.abc import Callable
from typing import TypeVar

from common import exit_codes
from common.operating_system import refuse_other_systems
from common.setting_values import WholeNumber

_T = TypeVar("_T")


class Formatter(HelpFormatter):
    """Keeps the lines of a text that has several, such as a table, and fills any other."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "".join(f"{indent}{line}\n" for line in text.splitlines())
        return super()._fill_text(text, width, indent)


def add_time_limit(parser: ArgumentParser, what: str, default_s: int) -> None:
    """Add the option `--within` to *parser*: how many seconds *what* may take."""
    parser.add_argument(
        "--within",
        type=real_number(0, 86400),
        default=float(default_s),
        metavar="SECONDS",
        help=f"time limit for {what}, 0 to 86400 (default: {default_s})",
    )


def main_of(
    prog: str, add_arguments: Callable[[ArgumentParser], None], run: Callable[[Namespace], int]
) -> int:
    """Parse the command line of *prog*, such as `python -m readers`, run it; return its status."""
    refuse_other_systems()
    parser = ArgumentParser(prog=prog, formatter_class=Formatter)
    add_arguments(parser)
    return run_command(parser, run)


def run_command(parser: ArgumentParser, run: Callable[[Namespace], int]) -> int:
    """
    Parse the command line with *parser*, call *run* with the result, and return its exit status.

    Ends quietly on Ctrl-C, and when nobody reads stdout any more, as after `| head -1`.
    """
    try:
        try:
            return run(parser.parse_args())
        finally:
            # What --help printed, too. Python's own flush, at its end, would print a traceback.
            if sys.stdout is not None:  # it is None if the descriptor is closed
                sys.stdout.flush()
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        if not _is_stdout_unread():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.FAILURE


def _is_stdout_unread() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def with_reason(parse: Callable[[str], _T]) -> Callable[[str], _T]:
    """Return *parse* for argparse, which then shows the text of its ValueError to the user."""

    def parse_argument(text: str) -> _T:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    return parse_argument


def real_number(minimum: float, maximum: float) -> Callable[[str], float]:
    """Return a function that parses a number from *minimum* to *maximum*."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        # Also false for "nan", which float() accepts.
        if not minimum <= value <= maximum:
            raise ArgumentTypeError(f"{text[:20]!r} is not a number, {minimum:g} to {maximum:g}")
        return value

    return parse


def whole_number(minimum: int, maximum: int) -> Callable[[str], int]:
    """Return a function that parses a whole number from *minimum* to *maximum*."""

    number = WholeNumber(minimum, maximum)

    def parse(text: str) -> int:
        try:
            return number(text)
        except ValueError as error:
            raise ArgumentTypeError(f"{text[:20]!r} is not {error}") from None

    return parse
