"""The rows of the table of channels."""

from __future__ import annotations

from collections import Counter

from common.program_names import READER_PREFIX
from common.status.reader_status import ReaderState, ReaderStatus
from monitor.collection import parts, words
from monitor.collection.figures import Figures
from monitor.collection.hangs import HANGS, reader_hangs_ms
from monitor.collection.host import Host
from monitor.collection.parts import Run
from monitor.collection.snapshot import RANKS, Channel, Level, Publisher

#: Milliseconds out of its channel, or without a page, after which a reader is a problem.
ABSENT_MS = 60_000
#: Milliseconds out of its channel after which a reader that says why is worth a word: some of those
#: who were disconnected are back in a second.
TROUBLED_MS = 10_000
NOT_STARTED_MS = 30_000

#: The share of its bound that an outbox may fill.
FULL_WARNING = 0.2
FULL_PROBLEM = 0.8


def channel_rows(host: Host, figures: Figures) -> list[Channel]:
    """Return a row for each channel of *host*: the worst first, then those with most messages."""
    dropped = Counter[str]()
    for (channel, _), number in figures.last_hour.counts.dropped.items():
        dropped[channel] += number
    rows = [_row(host, channel, figures, dropped[channel]) for channel in parts.channels(host)]
    rows.sort(key=lambda row: (RANKS[row.level], -row.messages_per_s, row.channel))
    return rows


def _row(host: Host, channel: str, figures: Figures, dropped: int) -> Channel:
    page = host.readers.get(channel)
    status = page.status if page else ReaderStatus()
    p50, p99 = figures.delays.of_channel(channel)
    row = Channel(
        channel=channel,
        level=Level.OK,
        state=status.state,
        state_since_ms=status.state_since_ms,
        problem=status.problem,
        messages_per_s=figures.rates.of_channel(channel),
        last_message_ms=status.last_message_ms,
        delay_p50_s=p50,
        delay_p99_s=p99,
        waiting=status.waiting,
        outbox_bytes=status.outbox_bytes,
        oldest_waiting_ms=status.oldest_waiting_ms,
        dropped=sum(status.dropped.values()),
        gaps=sum(number for number, _ in status.gaps_by_reason.values()),
        gap_ms=status.gap_ms,
        connects=status.connects,
        received=status.received,
    )
    run = parts.run_of(host, READER_PREFIX + channel, page)
    if run is not Run.RUNNING:
        name = READER_PREFIX + channel
        judge_process(row, name, run, host, figures, last_ms=status.written_ms)
    elif page and reader_hangs_ms(host, page):
        row.level, row.state, row.state_since_ms = Level.PROBLEM, HANGS, status.written_ms
    elif status.state != ReaderState.IN_CHANNEL:
        _judge_absence(row, host, figures)
    if run is Run.RUNNING and row.level is not Level.PROBLEM:
        _judge_outbox(row, status, dropped)
    return row


def judge_process(
    row: Channel | Publisher, name: str, run: Run, host: Host, figures: Figures, *, last_ms: int
) -> None:
    """Say in *row* that the program *name*, which told about itself at *last_ms*, does not run."""
    row.state = run.value
    row.state_since_ms = gone_since(figures, name, run, last_ms)
    # One that ends by itself has told why.
    why = host.unreadable.get(name, "") or parts.why_it_does_not_run(host, name)
    row.problem = why or row.problem
    row.level = run_level(run, host.at_ms - row.state_since_ms, why)


def gone_since(figures: Figures, name: str, run: Run, last_ms: int) -> int:
    """
    Return since when *name*, which does not run, is so, in Unix milliseconds.

    *last_ms* is when it told about itself last, 0 for never: this monitor may be younger.
    """
    # supervisord says a moment later that it was stopped.
    key = Run.ENDED if run is Run.STOPPED else run
    return figures.since.of((name, key), last_ms)


def run_level(run: Run, since_ms: int, why: str) -> Level:
    """Return how bad it is that a process does not run for *since_ms*, for the reason *why*."""
    if run is Run.RUNNING:
        return Level.OK
    if run in (Run.STOPPED, Run.UNKNOWN):
        return Level.WARNING
    if run is Run.ENDED or why:
        return Level.PROBLEM
    return Level.PROBLEM if since_ms > NOT_STARTED_MS else Level.WARNING


def _judge_absence(row: Channel, host: Host, figures: Figures) -> None:
    """Say in *row* that the reader is not in its channel."""
    absent_ms = host.at_ms - figures.since.of((row.channel, "absent"), row.state_since_ms)
    if row.state in (ReaderState.WAITING_FOR_TURN, ReaderState.STOPPED):
        # Readers that start together wait for minutes, and those that stop send what they have.
        row.level = Level.WARNING if row.problem or absent_ms > ABSENT_MS else Level.OK
    elif absent_ms > ABSENT_MS:
        row.level = Level.PROBLEM
    elif row.problem:
        row.level = Level.WARNING


def _judge_outbox(row: Channel, status: ReaderStatus, dropped: int) -> None:
    """Say in *row* what is wrong with the outbox."""
    share = status.outbox_bytes / status.outbox_limit_bytes if status.outbox_limit_bytes else 0.0
    if status.unwritten:
        in_memory = words.count(status.unwritten, "message")
        row.level, row.problem = Level.PROBLEM, f"{in_memory} in memory only: the disk refuses them"
    elif share > FULL_WARNING and status.waiting:
        row.level = Level.PROBLEM if share > FULL_PROBLEM else Level.WARNING
        row.problem = row.problem or f"the outbox is {share:.0%} full"
    elif dropped:
        row.level = Level.WARNING
        row.problem = row.problem or f"{words.count(dropped, 'message')} given up in the last hour"
