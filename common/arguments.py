"""Parses the numbers of command lines, for argparse's `type`."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

from common.setting_values import WholeNumber


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
