"""The names of the keys in what a terminal sends."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

#: What terminals send, xterm's names first: some keys differ by the terminal or its mode.
_SEQUENCES = {
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
    "\x1b[H": "home",
    "\x1bOH": "home",
    "\x1b[1~": "home",
    "\x1b[F": "end",
    "\x1bOF": "end",
    "\x1b[4~": "end",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\b": "backspace",
    "\x1b": "escape",
}

#: A key that sends a sequence: ECMA-48, 5.4, and what the keypad sends. Else one character.
_KEY = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO.|.", re.DOTALL)


class Keys:
    """Turns the bytes from a terminal into keys."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self, data: bytes) -> Iterator[str]:
        """Yield the keys in *data*: a name such as "page up", or the character of the key."""
        for found in _KEY.finditer(self._decoder.decode(data)):
            text = found[0]
            if text in _SEQUENCES:
                yield _SEQUENCES[text]
            elif len(text) == 1:
                yield text
