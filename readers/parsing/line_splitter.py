"""Split a stream of bytes into lines, whatever the chunk boundaries."""

from __future__ import annotations

#: A Twitch line has up to 8 KiB of tags and 500 characters of text; longer lines are invalid.
MAX_LINE_BYTES = 64 * 1024


class LineSplitter:
    """Takes the chunks of a stream, and returns complete lines."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """
        Return the lines that *chunk* completes, without the LF, with the CR if there was one.

        Drops a line of more than MAX_LINE_BYTES.
        """
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        if self._skipping and lines:
            del lines[0]
            self._skipping = False
        if self._skipping or len(self._rest) > MAX_LINE_BYTES:
            self._rest = b""
            self._skipping = True
        return [line for line in lines if len(line) <= MAX_LINE_BYTES]
