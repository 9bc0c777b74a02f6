"""What keeps messages from reaching Kafka."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.collection import words
from monitor.collection.figures import Figures
from monitor.collection.hangs import HANGS, publisher_hangs_ms
from monitor.collection.host import Host
from monitor.collection.parts import Run
from monitor.collection.publisher_row import PROBLEM_AFTER_MS, WARNING_AFTER_MS, is_slow
from monitor.collection.snapshot import Finding, Level, Publisher
from monitor.collection.typed import command, starts

#: Milliseconds that messages may wait in an outbox although nothing is known to be wrong.
_WAIT_MS = 30_000

_KEPT = "readers keep what they receive and send it later"


def publisher_findings(host: Host, figures: Figures, row: Publisher | None) -> Iterator[Finding]:
    """Yield what is wrong with the publisher, which *row* shows, and with Kafka."""
    findings = list(_trouble(host, figures, row)) if row else []
    yield from findings or _not_acknowledged(host, figures)
    yield from _dead_letters(figures)


def _trouble(host: Host, figures: Figures, row: Publisher) -> Iterator[Finding]:
    """Yield why the publisher publishes nothing."""
    if row.level is Level.OK or row.state == Run.UNKNOWN.value:
        return
    hung_for = words.duration(publisher_hangs_ms(host))
    texts = {
        Run.ENDED.value: "the publisher does not run",
        Run.NOT_STARTED.value: "the publisher has not started",
        Run.ABOUT_TO_RUN.value: "the publisher has not started yet",
        Run.STOPPED.value: "the publisher was stopped",
        HANGS: f"the publisher hangs: it has not worked for {hung_for}",
    }
    advice = f"its last log lines say why; {_KEPT}"
    since_ms = row.state_since_ms
    if row.state in texts:
        text = texts[row.state]
        reason = row.problem if row.state != HANGS else ""
        if row.state == Run.STOPPED.value:
            advice = f"`{starts('publisher')}` starts it; {_KEPT}"
    else:
        since_ms = figures.since.of("no confirmation")
        text, reason = _about_kafka(host, row)
        advice = f"`{command('check')}` asks Kafka; nothing is lost while outboxes have room"
    yield Finding(
        row.level,
        f"{text}{f': {reason}' if reason else ''}; {_waiting(host, row)}",
        since_ms,
        advice,
    )


def _about_kafka(host: Host, row: Publisher) -> tuple[str, str]:
    """Return why Kafka confirms nothing, and what the publisher says about it."""
    if not row.kafka_is_reachable:
        return f"Kafka at {row.kafka_brokers} cannot be reached", ""
    if is_slow(row, host):
        if not row.published_per_s:
            return "Kafka confirms nothing", row.problem
        waits = words.duration(host.at_ms - row.oldest_unconfirmed_ms)
        return "Kafka confirms slowly", f"a record has waited {waits} for it"
    return "the publisher has no session with Kafka", row.problem


def _waiting(host: Host, row: Publisher) -> str:
    if not host.readers:
        return f"{words.count(row.unconfirmed, 'message')} not confirmed"
    number = sum(page.status.waiting for page in host.readers.values())
    return f"{words.count(number, 'message')} {'waits' if number == 1 else 'wait'} on disk"


def _not_acknowledged(host: Host, figures: Figures) -> Iterator[Finding]:
    """Yield that messages wait, when nothing on this host says why."""
    late = {
        channel: page.status
        for channel, page in host.readers.items()
        if page.is_written
        and page.status.oldest_waiting_ms
        and host.at_ms - page.status.oldest_waiting_ms > _WAIT_MS
        # After an outage, what has waited long is sent first.
        and not figures.rates.is_acknowledged(channel)
    }
    if not late:
        return
    if host.at_ms - figures.since.of("none acknowledged") < WARNING_AFTER_MS:
        return  # a publisher that is back needs a moment to reach all readers
    since_ms = figures.since.of(
        "not acknowledged", min(status.oldest_waiting_ms for status in late.values())
    )
    number = sum(status.waiting for status in late.values())
    verb = "waits" if number == 1 else "wait"
    is_old = host.at_ms - since_ms > PROBLEM_AFTER_MS
    yield Finding(
        Level.PROBLEM if is_old else Level.WARNING,
        f"the publisher does not acknowledge {words.count(number, 'message')} of"
        f" {words.names(sorted(late))}, which {verb} on disk",
        since_ms,
        "see whether it runs, whether this host reaches it, and whether it reaches Kafka",
    )


def _dead_letters(figures: Figures) -> Iterator[Finding]:
    refused = figures.last_hour.counts.dead_letters
    if refused:
        yield Finding(
            Level.WARNING,
            f"Kafka has refused {words.count(sum(refused.values()), 'record')} for good in the"
            f" last hour ({', '.join(sorted(refused))})",
            figures.since.of("dead letters"),
            f"`{command('tail', '--topic', 'dead-letters')}` shows them",
        )
