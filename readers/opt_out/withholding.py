"""The parser of a reader, as long as somebody has opted out."""

from __future__ import annotations

from collections.abc import Callable

from readers.opt_out.current_list import CurrentList
from readers.opt_out.people import People
from readers.opt_out.redaction import may_leave_as_it_is, redacted
from readers.parsing.irc import IrcMessage
from readers.parsing.line_parser import LineParser
from readers.parsing.received import Received, ReceivedMessage

#: A line with this may name somebody else than its author. In a typed text it means nothing, and
#: such a line only takes longer.
_REPLY = b"reply-parent-"


class Withholding:
    """Parses lines, and leaves out those who have opted out."""

    def __init__(
        self,
        opted_out: CurrentList,
        plain: LineParser,
        *,
        on_dropped: Callable[[], object],
        on_change: Callable[[People], object],
    ) -> None:
        """
        *plain* is the parser that leaves out nobody. *on_dropped* is called for each line that is
        a message or an event and is withheld. *on_change* is called now, and whenever others have
        opted out.
        """
        self._opted_out = opted_out
        self._plain = plain
        self._withholding = LineParser(self._fast, self._parse)
        self._people = People()
        self._on_dropped = on_dropped
        self._on_change = on_change
        self._take()

    def parser(self) -> LineParser:
        """Return the parser for what is read from Twitch now."""
        if self._opted_out.look():
            self._take()
        # While nobody has opted out, that costs nothing.
        return self._withholding if self._people else self._plain

    def _take(self) -> None:
        self._people.take(self._opted_out.people)
        self._on_change(self._people)

    def _fast(self, line: bytes) -> ReceivedMessage | None:
        received = self._plain.fast(line)
        if received is None or _REPLY in line:
            return None
        return received if may_leave_as_it_is(received.message, self._people) else None

    def _parse(self, irc: IrcMessage, room_id: str, now_ms: int) -> list[Received]:
        parsed = self._plain.parse(irc, room_id, now_ms)
        left = [
            kept
            for received in parsed
            if (kept := redacted(received, irc, self._people)) is not None
        ]
        if len(left) < len(parsed):
            self._on_dropped()
            # An announcement is a message and an event of the same person.
            return []
        return left
