"""What is wrong with the readers of a host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from common.status.reader_status import ReaderState
from monitor.collection import words
from monitor.collection.channel_rows import (
    ABSENT_MS,
    FULL_PROBLEM,
    FULL_WARNING,
    TROUBLED_MS,
)
from monitor.collection.figures import Figures
from monitor.collection.hangs import HANGS
from monitor.collection.host import Host
from monitor.collection.parts import Run
from monitor.collection.snapshot import Channel, Finding, Level
from monitor.collection.typed import command

#: The share of the last hour that may be missed.
_MISSED = 0.01
_HOUR_MS = 3_600_000


def reader_findings(host: Host, figures: Figures, rows: list[Channel]) -> Iterator[Finding]:
    """Yield what is wrong with the readers of *host*, which *rows* show."""
    yield from _without_a_process(rows)
    yield from _hanging(rows)
    yield from _absent(rows, host, figures)
    yield from _in_memory(host, figures)
    yield from _given_up(figures)
    yield from _full(host, figures)
    yield from _missed(rows, figures)


def _without_a_process(rows: list[Channel]) -> Iterator[Finding]:
    texts = {
        Run.ENDED: ("does not run", "do not run"),
        Run.NOT_STARTED: ("has not started", "have not started"),
        Run.ABOUT_TO_RUN: ("has not started", "have not started"),
        Run.STOPPED: ("was stopped", "were stopped"),
    }
    advice = f"`{command('channels', 'list')}` says why; the last log lines say more"
    for run, (one, many) in texts.items():
        # Not one that it will take a moment to start.
        found = [row for row in rows if row.state == run.value and row.level is not Level.OK]
        for level in (Level.PROBLEM, Level.WARNING):
            alike = [row for row in found if row.level is level]
            if alike and not (level is Level.WARNING and run is Run.ABOUT_TO_RUN):
                verb = one if len(alike) == 1 else many
                stopped = f"`{command('channels', 'apply')}` starts what was stopped"
                yield Finding(
                    level,
                    f"{_readers(alike)} {verb}{_reason(alike)}",
                    min(row.state_since_ms for row in alike),
                    stopped if run is Run.STOPPED else advice,
                )


def _hanging(rows: list[Channel]) -> Iterator[Finding]:
    hanging = [row for row in rows if row.state == HANGS]
    if hanging:
        verb = "hangs" if len(hanging) == 1 else "hang"
        yield Finding(
            Level.PROBLEM,
            f"{_readers(hanging)} {verb}",
            min(row.state_since_ms for row in hanging),
            "its disk does not respond, or it was stopped (SIGSTOP); else restart it",
        )


def _absent(rows: list[Channel], host: Host, figures: Figures) -> Iterator[Finding]:
    """Yield which readers run, but are not in their channel."""
    without = {run.value for run in Run} | {ReaderState.IN_CHANNEL, HANGS}
    absent = [
        (row, since)
        for row in rows
        if row.state not in without
        and host.at_ms - (since := figures.since.of((row.channel, "absent")))
        > (TROUBLED_MS if row.problem else ABSENT_MS)
    ]
    for level in (Level.PROBLEM, Level.WARNING):
        alike = [(row, since) for row, since in absent if row.level is level]
        if not alike:
            continue
        found = [row for row, _ in alike]
        is_one = len(found) == 1
        verb = "is not in its channel" if is_one else "are not in their channels"
        waits = all(row.state == ReaderState.WAITING_FOR_TURN for row in found)
        turn = ": it waits for its turn" if is_one else ": they wait for their turn"
        reason = turn if waits else _reason(found)
        yield Finding(
            level,
            f"{_readers(found)} {verb}{reason}",
            min(since for _, since in alike),
            "Twitch accepts 20 joins in 10 s from a host" if waits else _WHY_ABSENT,
        )


_WHY_ABSENT = (
    "the reader goes on trying; the problem in its row says what Twitch or the network did"
)


def _in_memory(host: Host, figures: Figures) -> Iterator[Finding]:
    unwritten = {
        channel: page.status.unwritten
        for channel, page in host.readers.items()
        if page.is_written and page.status.unwritten
    }
    if unwritten:
        number = sum(unwritten.values())
        verb = "is" if number == 1 else "are"
        yield Finding(
            Level.PROBLEM,
            f"the disk refuses what is received: {words.count(number, 'message')} of"
            f" {words.names(sorted(unwritten))} {verb} in memory only",
            figures.since.of("in memory"),
            "make room on the disk; a reader that ends before loses them",
        )


def _given_up(figures: Figures) -> Iterator[Finding]:
    dropped = figures.last_hour.counts.dropped
    if dropped:
        channels = sorted({channel for channel, _ in dropped})
        reasons = sorted({reason for _, reason in dropped})
        number = sum(dropped.values())
        verb = "was" if number == 1 else "were"
        yield Finding(
            Level.PROBLEM,
            f"{words.count(number, 'message')} of {words.names(channels)} {verb} given up in the"
            f" last hour ({', '.join(reasons)})",
            figures.since.of("given up"),
            "they will not reach Kafka; gap records tell consumers when they were said",
        )


def _full(host: Host, figures: Figures) -> Iterator[Finding]:
    shares = {
        channel: page.status.outbox_bytes / page.status.outbox_limit_bytes
        for channel, page in host.readers.items()
        # An outbox's file keeps its size when it is empty.
        if page.status.outbox_limit_bytes and page.status.waiting
    }
    full = sorted((share, channel) for channel, share in shares.items() if share > FULL_WARNING)
    if full:
        channels = [channel for _, channel in reversed(full)]
        outboxes = "the outbox" if len(full) == 1 else "the outboxes"
        verb = "is" if len(full) == 1 else "are up to"
        share, _ = full[-1]
        yield Finding(
            Level.PROBLEM if share > FULL_PROBLEM else Level.WARNING,
            f"{outboxes} of {words.names(channels)} {verb} {share:.0%} full",
            figures.since.of("full"),
            "when one is full, its oldest messages are given up: see why Kafka does not get them,"
            " or raise OUTBOX_MAX_BYTES",
        )


def _missed(rows: list[Channel], figures: Figures) -> Iterator[Finding]:
    gap_ms = figures.last_hour.counts.gap_ms
    total_ms = sum(gap_ms.values())
    if rows and total_ms > _MISSED * _HOUR_MS * len(rows):
        channels = sorted(gap_ms, key=lambda channel: -gap_ms[channel])
        yield Finding(
            Level.WARNING,
            f"gap records of the last hour cover {words.duration(total_ms)}, of"
            f" {words.names(channels)}",
            figures.since.of("missed"),
            "messages of these times may be missing; the reasons of the gaps say why",
        )


def _readers(rows: list[Channel]) -> str:
    names = words.names([row.channel for row in rows])
    return f"the reader of {names}" if len(rows) == 1 else f"the readers of {names}"


def _reason(rows: Iterable[Channel]) -> str:
    """Return the problem that all of *rows* have, or the first one."""
    problems = [row.problem for row in rows if row.problem]
    return f": {problems[0]}" if problems else ""
