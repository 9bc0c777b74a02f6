"""The live page as the server sends it, before its scripts run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from monitor.collection import formats
from monitor.collection.snapshot import Gap, History, Level, Login
from monitor.web.page import page
from monitor.web.sparkline import line
from tests.monitor.snapshots import NOON_MS, channel, finding, publisher, snapshot

#: Would be an element with a script if a text went into the page as markup.
MARKUP = "<img src=x onerror=alert(1)>\"'&amp;<script>alert(2)</script>"


class _Document(HTMLParser):
    """The elements of a page, and the texts outside of templates."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._templates = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._templates += tag == "template"
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._templates -= tag == "template"

    def handle_data(self, data: str) -> None:
        if not self._templates:
            self.texts.append(data)

    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


def test_everything_is_there_in_order() -> None:
    """The sentence, channels with problems first, publisher, login, the hour, and gap records."""
    stopped = channel("lounge", level=Level.PROBLEM, state="not running", dropped=3)
    text = _Document(page([snapshot(channel("kitchen"), stopped)])).text()
    parts = (
        "3 of 3 channels, 7.5 messages/s, all in Kafka, nothing lost",
        "lounge problem not running 3 messages lost",
        "kitchen ok in the channel 2.5 1 s ago 120 ms / 900 ms empty 1 (1 s) 1",
        "Session 0123456789abcdef",
        "reading_bot valid Ends in 1 h 0 min",
        "Messages received/s",
        "xqc 3 s ago 1 s reconnected",
    )
    # A host's name and an empty problem are between some of them.
    text = text.replace(" reader-1 ", " ")
    places = [text.find(part) for part in parts]
    assert -1 not in places, text
    assert places == sorted(places)


def test_findings_have_advice_and_are_told_once() -> None:
    """The sentence tells the first one already."""
    lost = finding("lounge lost messages", advice="Raise OUTBOX_MAX_BYTES")
    late = finding("the login ends soon", Level.WARNING)
    host = snapshot(sentence="lounge lost messages", level=Level.PROBLEM, findings=[lost, late])
    html = page([host])
    assert "<title>✕ lounge lost messages" in html
    assert re.search(r'data-place="text" hidden>lounge lost messages<', html)
    assert re.search(r'data-place="text">the login ends soon<', html)
    assert "Raise OUTBOX_MAX_BYTES" in html


def test_markup_in_any_text_stays_text() -> None:
    """Whatever a page of a reader or a peer's snapshot holds."""
    host = snapshot(
        channel(MARKUP, state=MARKUP, problem=MARKUP),
        host=MARKUP,
        sentence=MARKUP,
        findings=[finding(MARKUP + "2", advice=MARKUP)],
        publisher=publisher(
            state=MARKUP, problem=MARKUP, session=MARKUP, kafka_brokers=MARKUP, delivery=MARKUP
        ),
        login=Login(Level.PROBLEM, MARKUP, 1 << 62, False, MARKUP),
        last_gaps=[Gap(MARKUP, NOON_MS - 2, NOON_MS - 1, MARKUP)],
    )
    document = _Document(page([host, snapshot(host="other")]))
    assert document.text().count("<script>alert(2)</script>") >= 17
    assert [attributes for tag, attributes in document.elements if tag == "script"] == [
        {"type": "module", "src": "static/page.js"}
    ]
    names = {name for _, attributes in document.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name == "style"}


def test_what_is_not_known_is_not_told() -> None:
    """Whether there is a login, if auth cannot read it; a queue's limit, before it is told."""
    login = Login(Level.WARNING, "", 0, False, "it cannot be read")
    host = snapshot(login=login, publisher=publisher(queue_limit_messages=0))
    text = _Document(page([host])).text()
    assert "not known" in text
    assert "anonymous" not in text
    assert f"Queue {formats.NONE}" in text


def test_a_host_without_anything_is_a_page_too() -> None:
    """As a peer that does not respond."""
    history = History(30, 0, [], [], [], [])
    host = snapshot(publisher=None, login=None, last_gaps=[], history=history)
    text = _Document(page([host])).text()
    assert "No channels." in text
    assert "No publisher runs on this host." in text


def test_a_line_has_holes_where_nothing_is_known() -> None:
    """A single known value is a dot; nothing at all is no line."""
    assert line([0.0, 1.0, None, 0.5]) == "M0.0 46.0h0L100.0 2.0M300.0 24.0h0"
    assert line([]) == ""
    assert line([None, None]) == ""
    assert line([0.0, 0.0]) == "M0.0 46.0h0L300.0 46.0"
