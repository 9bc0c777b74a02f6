"""The last messages of a channel: only where they may be shown, and never another file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from common.chat_message import ChatMessage, encode_chat_message
from common.status.last_messages import (
    MESSAGES_PAGE_BYTES,
    LastMessage,
    LastMessages,
    messages_page,
)
from common.status.page import StatusPage
from common.web_address import WebAddress
from tests.monitor.answering import answering, response
from tests.monitor.status_pages import StatusPages
from tests.monitor.web.monitors import TOKEN, Monitor, monitor_of, start_monitor
from tests.processes import StartProcess, wait_for

_SHOWN = {"MONITOR_SHOW_MESSAGES": "true"}
_MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def monitor(processes: StartProcess, pages: StatusPages) -> Monitor:
    """A monitor that shows messages, of a host with the channel `alpha`."""
    pages.reader("alpha")
    return start_monitor(processes, _SHOWN)


def test_they_are_shown_on_request(monitor: Monitor, short_folder: Path) -> None:
    """Oldest first, as they were said."""
    _keep(short_folder, "alpha", _message("first", 1), _message(_MARKUP, 2))
    response = monitor.get("/channels/alpha/messages")
    assert (response.status, response.header("content-type")) == (200, "application/json")
    assert json.loads(response.body) == {
        "messages": [
            {"timestamp": 1, "username": "somebody", "message": "first"},
            {"timestamp": 2, "username": "somebody", "message": _MARKUP},
        ]
    }
    assert monitor.status()["shows_messages"] is True
    host = quote(monitor.status()["host"])
    assert monitor.get(f"/channels/alpha/messages?host={host}").body == response.body


def test_a_channel_without_messages_has_none(monitor: Monitor) -> None:
    """Its reader has kept none yet."""
    assert json.loads(monitor.get("/channels/alpha/messages").body) == {"messages": []}


def test_what_is_no_message_is_left_out(monitor: Monitor, short_folder: Path) -> None:
    """The others are shown."""
    _keep(short_folder, "alpha", b"\xff", b"{}", _message("said", 1), b"")
    [message] = json.loads(monitor.get("/channels/alpha/messages").body)["messages"]
    assert message["message"] == "said"


def test_a_file_that_is_no_page_is_said(monitor: Monitor, short_folder: Path) -> None:
    """Without its path."""
    path = messages_page(short_folder / "var", "alpha")
    path.parent.mkdir()
    path.write_text("no page")
    response = monitor.get("/channels/alpha/messages")
    assert (response.status, str(path).encode() in response.body) == (404, False)


@pytest.mark.parametrize(
    "name", ["beta", "..", ".", "%2e%2e", "..%2fstatus%2freader-alpha", "%00", "alpha%00", "%ff"]
)
def test_other_names_lead_nowhere(monitor: Monitor, short_folder: Path, name: str) -> None:
    """Also if there is a file: only channels of this host have messages."""
    _keep(short_folder, "beta", _message("said", 1))
    response = monitor.get(f"/channels/{name}/messages")
    assert (response.status, b"said" in response.body) == (404, False)


def test_they_are_not_shown_by_default(
    processes: StartProcess, pages: StatusPages, short_folder: Path
) -> None:
    """Even if a reader has left some: they are personal data."""
    pages.reader("alpha")
    _keep(short_folder, "alpha", _message("said", 1))
    monitor = start_monitor(processes)
    response = monitor.get("/channels/alpha/messages")
    assert (response.status, response.header("content-type")) == (404, "text/plain; charset=utf-8")
    assert response.body == b"Messages are shown only where MONITOR_SHOW_MESSAGES is true.\n"
    assert monitor.status()["shows_messages"] is False


def test_they_need_the_token(processes: StartProcess, pages: StatusPages) -> None:
    """As everything but health."""
    pages.reader("alpha")
    monitor = start_monitor(processes, _SHOWN | {"MONITOR_TOKEN": TOKEN})
    assert monitor.get("/channels/alpha/messages").status == 401


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Monitor]:
    """The monitor of another host, with the channel `beta`, which shows messages."""
    with monitor_of("beta", settings=_SHOWN, folder=tmp_path) as monitor:
        _keep(tmp_path, "beta", _message("said elsewhere", 1))
        yield monitor


def test_a_peer_is_asked_for_its_messages(
    processes: StartProcess, pages: StatusPages, other: Monitor
) -> None:
    """If that host shows them, whether or not this one does."""
    pages.reader("alpha")
    monitor = start_monitor(processes, {"MONITOR_PEERS": str(other.address)})
    host = _shown_name(monitor, other.address)
    found = monitor.get(f"/channels/beta/messages?host={host}")
    assert [message["message"] for message in json.loads(found.body)["messages"]] == [
        "said elsewhere"
    ]
    assert monitor.get("/channels/beta/messages").status == 404
    assert monitor.get(f"/channels/alpha/messages?host={host}").status == 404
    assert monitor.get("/channels/beta/messages?host=nobody").status == 404
    other.process.stop()
    assert monitor.get(f"/channels/beta/messages?host={host}").status in {404, 502}


def test_what_a_peer_sends_instead_is_not_passed_on(
    processes: StartProcess, pages: StatusPages, other: Monitor
) -> None:
    """It is no list of messages: the response says so."""
    pages.reader("alpha")
    with answering(response(other.get("/status.json").body)) as peer:
        monitor = start_monitor(processes, {"MONITOR_PEERS": str(peer.address)})
        host = _shown_name(monitor, peer.address)
        found = monitor.get(f"/channels/beta/messages?host={host}")
    assert found.status == 502
    assert b"its answer is no list of messages" in found.body


def _shown_name(monitor: Monitor, peer: WebAddress) -> str:
    """Return the name of the host at *peer*, for a URL, once it has responded to *monitor*."""
    name = f"{monitor.status()['host']} ({peer})"
    wait_for(lambda: name.encode() in monitor.get("/").body, 20, "the peer")
    return quote(name)


def _message(text: str, said_ms: int) -> bytes:
    return encode_chat_message(ChatMessage("1", "2", "somebody", text, said_ms, []))


def _keep(folder: Path, channel: str, *values: bytes) -> None:
    """Write the page of *channel* in the `var` of *folder*, as its reader does."""
    page = StatusPage(messages_page(folder / "var", channel), LastMessages, MESSAGES_PAGE_BYTES)
    page.write(LastMessages([LastMessage(number, value) for number, value in enumerate(values)]))
    page.close()
