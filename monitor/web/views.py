"""
What the live page shows of a Snapshot, as texts by the names of their places in the page.

The page is filled with them once, on the server, so that it can be read without JavaScript.
static/views.js makes the same texts when figures change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.collection.formats import NONE, ago, count, delay, duration, exact, lasting, rate, size
from monitor.collection.snapshot import Channel, Gap, History, Login, Publisher
from monitor.web import sparkline


@dataclass(frozen=True)
class Text:
    """What stands at a place of the page, and the exact time that it stands for, if any."""

    text: str
    title: str = ""


View = dict[str, Text]

#: Nothing at any place: for what JavaScript fills.
EMPTY: View = {}


def since_view(since_ms: int, now_ms: int) -> View:
    """Return the text that says for how long something has been so."""
    return {"since": _lasting(since_ms, now_ms)}


def channel_view(channel: Channel, now_ms: int) -> View:
    """Return the texts of a row of the table of channels."""
    return {
        "state": Text(channel.state, exact(channel.state_since_ms)),
        "problem": Text(_channel_problem(channel)),
        "messages_per_s": Text(rate(channel.messages_per_s)),
        "last_message": _moment(channel.last_message_ms, now_ms),
        "delay": Text(_delays(channel.delay_p50_s, channel.delay_p99_s)),
        "outbox": Text(_outbox(channel)),
        "gaps": Text(_gaps(channel)),
        "connects": Text(count(channel.connects)),
    }


def _channel_problem(channel: Channel) -> str:
    dropped = f"{count(channel.dropped)} messages lost" if channel.dropped else ""
    return "; ".join(part for part in (channel.problem, dropped) if part)


def _outbox(channel: Channel) -> str:
    if not channel.waiting:
        return "empty"
    return f"{count(channel.waiting)} ({size(channel.outbox_bytes)})"


def _gaps(channel: Channel) -> str:
    return f"{count(channel.gaps)} ({duration(channel.gap_ms)})" if channel.gaps else "0"


def _delays(p50_s: float | None, p99_s: float | None) -> str:
    return NONE if p50_s is None and p99_s is None else f"{delay(p50_s)} / {delay(p99_s)}"


def _moment(time_ms: int, now_ms: int) -> Text:
    return Text(ago(time_ms, now_ms), exact(time_ms))


def _lasting(since_ms: int, now_ms: int) -> Text:
    return Text(lasting(since_ms, now_ms), exact(since_ms))


def publisher_view(publisher: Publisher, now_ms: int) -> View:
    """Return the texts about a publisher."""
    kafka = {True: "reachable", False: "not reachable", None: "not known"}
    kafka_since_ms = 0 if publisher.kafka_is_reachable is None else publisher.kafka_since_ms
    # The limit is known with the first figures of Kafka's client.
    limit = publisher.queue_limit_messages
    queue = f"{count(publisher.queue_messages)} of {count(limit)}" if limit else NONE
    unconfirmed = count(publisher.unconfirmed)
    if publisher.unconfirmed and publisher.oldest_unconfirmed_ms:
        unconfirmed += f", the oldest taken {ago(publisher.oldest_unconfirmed_ms, now_ms)}"
    return {
        "problem": Text(publisher.problem),
        "state": Text(publisher.state),
        "state_since": _lasting(publisher.state_since_ms, now_ms),
        "session": Text(publisher.session or NONE),
        "kafka": Text(kafka[publisher.kafka_is_reachable]),
        "kafka_since": _lasting(kafka_since_ms, now_ms),
        "brokers": Text(publisher.kafka_brokers.replace(",", ", ") or NONE),
        "queue": Text(queue),
        "unconfirmed": Text(unconfirmed),
        "published": Text(f"{count(publisher.published)} ({rate(publisher.published_per_s)}/s)"),
        "delivery": Text(publisher.delivery or NONE),
        "duplicates": Text(count(publisher.duplicates)),
        "dead_letters": Text(count(publisher.dead_letters)),
        "delay": Text(_delays(publisher.delay_p50_s, publisher.delay_p99_s)),
        "readers": Text(count(publisher.readers)),
    }


def login_view(login: Login, now_ms: int) -> View:
    """Return the texts about a login."""
    # auth that cannot read the login does not know whether there is one.
    none = "not known" if login.problem else "none: readers are anonymous"
    invalid = "not valid" if login.login else NONE if login.problem else "not needed"
    return {
        "problem": Text(login.problem),
        "login": Text(login.login or none),
        "validity": Text("valid" if login.is_valid else invalid),
        "expires": _moment(login.expires_ms, now_ms) if login.expires_ms > 0 else Text(NONE),
    }


def gap_view(gap: Gap, now_ms: int) -> View:
    """Return the texts of a row of the table of gap records."""
    return {
        "channel": Text(gap.channel),
        "ended": _moment(gap.to_ms, now_ms),
        "length": Text(duration(gap.to_ms - gap.from_ms)),
        "reason": Text(gap.reason),
    }


@dataclass(frozen=True)
class Chart:
    """A sparkline with its title and its figures as texts."""

    name: str
    title: str
    line: str
    newest: str
    highest: str


def charts(history: History) -> list[Chart]:
    """Return the charts of an hour."""
    return [
        _chart("messages_per_s", "Messages received/s", history.messages_per_s, rate),
        _chart("published_per_s", "Records published/s", history.published_per_s, rate),
        _chart("waiting", "Records waiting", history.waiting, rate),
        _chart("delay_p99_s", "Delay p99", history.delay_p99_s, delay),
    ]


def _chart(
    name: str, title: str, values: Sequence[float | None], text: Callable[[float], str]
) -> Chart:
    newest = sparkline.newest_of(values)
    shown = NONE if newest is None else text(newest)
    highest = text(sparkline.highest_of(values))
    return Chart(name, title, sparkline.line(values), shown, highest)
