"""
The colors of what `tail` prints on a terminal.

Nobody knows whether the terminal is light or dark. So each color has enough contrast to both.
"""

from __future__ import annotations

import enum
import functools
import re
import sys
import zlib
from dataclasses import dataclass

from rich.console import Console

DIM = "2"
RED, GREEN, YELLOW, MAGENTA, CYAN = "31", "32", "33", "35", "36"

#: For names on a terminal of 16 colors: blue cannot be read on black.
_FEW = (RED, GREEN, YELLOW, MAGENTA, CYAN)
#: For names on any other terminal: numbers in the palette of 256 colors.
MANY = (
    *(33, 35, 36, 37, 64, 67, 68, 69, 70, 71, 97, 99, 103, 130, 131, 133, 135, 136, 160),
    *(162, 166, 168, 172, 173, 203, 205),
)
#: The relative luminance of a name's color, from 0 for black to 1 for white.
DARKEST, BRIGHTEST = 0.13, 0.35

_RGB = re.compile(r"#([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})")


class Depth(enum.IntEnum):
    """How many colors the output shows."""

    NONE = 0
    STANDARD = 16
    MANY = 256
    TRUE = 1 << 24


@dataclass(frozen=True)
class Colors:
    """Puts text in colors, if there are any."""

    depth: Depth = Depth.NONE

    def paint(self, text: str, code: str) -> str:
        """Return *text* with the SGR *code* before it, and its end behind it."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.depth else text

    def name(self, name: str, login: str, color: str) -> str:
        """
        Return the chatter's *name* in a color.

        It is the chatter's own *color*, `#RRGGBB`, or one that is always the same for this *login*.
        """
        if not self.depth:
            return name
        own = _own(color) if color and self.depth is Depth.TRUE else ""
        return self.paint(name, own or _by_name(login or name, self.depth))


def colors_of_stdout() -> Colors:
    """Return the colors that standard output shows: none if it is no terminal, or with NO_COLOR."""
    console = Console()
    if console.no_color or not sys.stdout.isatty():
        return Colors()
    depths = {"standard": Depth.STANDARD, "256": Depth.MANY, "truecolor": Depth.TRUE}
    return Colors(depths.get(console.color_system or "", Depth.NONE))


@functools.lru_cache(maxsize=4096)
def _by_name(login: str, depth: Depth) -> str:
    number = zlib.crc32(login.encode("utf-8", "replace"))
    if depth is Depth.STANDARD:
        return _FEW[number % len(_FEW)]
    return f"38;5;{MANY[number % len(MANY)]}"


@functools.lru_cache(maxsize=4096)
def _own(color: str) -> str:
    """Return the code for `#RRGGBB`, made brighter or darker if need be; "" for anything else."""
    found = _RGB.fullmatch(color)
    if found is None:
        return ""
    parts = [_linear(int(part, 16)) for part in found.groups()]
    has = luminance(*(int(part, 16) for part in found.groups()))
    if has < DARKEST:
        share = (DARKEST - has) / (1 - has)
        parts = [part + (1 - part) * share for part in parts]
    elif has > BRIGHTEST:
        parts = [part * BRIGHTEST / has for part in parts]
    return "38;2;" + ";".join(str(_encoded(part)) for part in parts)


def luminance(red: int, green: int, blue: int) -> float:
    """Return the relative luminance of an sRGB color (WCAG 2)."""
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def _linear(part: int) -> float:
    share = part / 255
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def _encoded(part: float) -> int:
    share = part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
    return round(share * 255)
