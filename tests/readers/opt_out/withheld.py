"""What a reader lets through of lines, when some people have opted out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from common.unix_time import unix_ms
from readers.opt_out.current_list import CurrentList
from readers.opt_out.people import People
from readers.opt_out.withholding import Withholding
from readers.parsing.irc import parse_irc
from readers.parsing.line_parser import COMMANDS, LineParser, line_parser
from readers.parsing.received import Received
from tests.readers.chat_lines import NOW_MS, ROOM_ID


class Reader:
    """Parses lines as a reader does, and counts what was dropped."""

    def __init__(
        self,
        path: Path,
        plain: LineParser | None = None,
        on_change: Callable[[People], object] = lambda _: None,
    ) -> None:
        """At each read, it looks at the file at *path*, which was changed long ago."""
        self.dropped = 0
        ticks = itertools.count()
        self._withholding = Withholding(
            CurrentList(path, lambda: float(next(ticks)), lambda: unix_ms() + 3_600_000),
            plain or line_parser(),
            on_dropped=self._on_dropped,
            on_change=on_change,
        )
        self.parser = self._withholding.parser

    def read(self, *lines: bytes) -> list[Received]:
        """Return what may be published of *lines*, which come in one read."""
        fast, parse = self.parser()
        left: list[Received] = []
        for line in lines:
            if received := fast(line):
                left.append(received)
                continue
            irc = parse_irc(line)
            if irc and irc.command in COMMANDS:
                left += parse(irc, ROOM_ID, NOW_MS)
        return left

    def _on_dropped(self) -> None:
        self.dropped += 1
