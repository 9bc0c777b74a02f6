"""Whatever bytes come, in whatever order: a client handles them without an error."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.parsing.line_parser import line_parser
from readers.twitch.client import TwitchClient
from readers.twitch.credentials import Credentials
from readers.twitch.pydle_client import _HANDLED
from readers.twitch.timing import Timing

_SOURCES = ("", ":", ":tmi.twitch.tv", ":justinfan1!justinfan1@x")
_TAGS = ("", "@", "@room-id=1", "@msg-id=msg_banned", "@room-id=;msg-id=no_permission;=")
_WORDS = (
    *("*", "#xqc", "justinfan1", "ACK", "NAK", "LS", "LIST", "NEW", "DEL", "END"),
    *("~a", "-a", "=a=b", "twitch.tv/tags", ":", "\0", "x" * 600, "é"),
)

_lines = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda *parts: " ".join(part for part in parts if part).encode(),
        st.sampled_from(_TAGS),
        st.sampled_from(_SOURCES),
        st.sampled_from(sorted(_HANDLED | {"PRIVMSG", "CLEARCHAT", "433", "ping"})),
        st.lists(st.sampled_from(_WORDS), max_size=3).map(" ".join),
        st.sampled_from(_WORDS).map(":{}".format),
    ),
)


class Sent:
    """Stands in for a connection. Takes what is sent."""

    hostname = "localhost"
    connected = True
    throttle = False

    def send(self, data: bytes) -> None:
        """Take a whole line."""
        assert data.endswith(b"\r\n")


async def _handle(stream: bytes, cut: int, *, registered: bool) -> tuple[int, bool]:
    """Return how often the client has lost its channel, and whether it has finished."""
    lost: list[TwitchClient] = []
    client = TwitchClient(
        "xqc",
        Credentials("justinfan1", None),
        line_parser,
        lambda _: None,
        Timing(),
        on_received=lambda _: None,
        on_malformed=lambda: None,
        on_lost=lost.append,
        on_room_state=lambda *_: None,
    )
    client.connection = Sent()  # type: ignore[assignment]
    if registered:
        await client._register()
        client._take(
            b":tmi.twitch.tv 001 justinfan1 :Welcome\r\n:tmi.twitch.tv 376 justinfan1 :\r\n"
        )
    client._take(stream[:cut])
    client._take(stream[cut:])
    return len(lost), client.finished.is_set()


@pytest.mark.parametrize("registered", [False, True])
@given(lines=st.lists(_lines, max_size=6), cut=st.integers(min_value=0, max_value=200))
def test_no_bytes_end_a_reader_with_an_error(
    lines: list[bytes], cut: int, *, registered: bool
) -> None:
    """Also those that make a handler of pydle fail. The channel is lost at most once."""
    stream = b"".join(line + b"\r\n" for line in lines)
    losses, finished = asyncio.run(_handle(stream, cut, registered=registered))
    assert losses <= int(finished)
