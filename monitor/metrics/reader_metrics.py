"""The metrics of readers."""

from __future__ import annotations

from collections.abc import Iterable

from common.chat_gap import GapReason
from common.status.reader_status import DropReason
from monitor.metrics.channel_metric import (
    channel_counts,
    channel_metric,
    channel_seconds,
    joined,
    labelled,
    summed,
)
from monitor.metrics.metric import Kind, Metric, OverChannels, Sample
from monitor.metrics.scrape import Scrape

#: The reason that is no loss: somebody does not want to be recorded.
OPT_OUT = "opt_out"

_NO_GAPS = {reason.value: 0 for reason in GapReason}


def _gaps_by_reason(scrape: Scrape) -> Iterable[Sample]:
    gaps = [
        {reason: count for reason, (count, _) in status.gaps_by_reason.items()}
        for status in scrape.counts
    ]
    return labelled("reason", summed(_NO_GAPS, gaps)) if scrape.readers else ()


def _gap_seconds_by_reason(scrape: Scrape) -> Iterable[Sample]:
    gaps = [
        {reason: milliseconds for reason, (_, milliseconds) in status.gaps_by_reason.items()}
        for status in scrape.counts
    ]
    totals_ms = summed(_NO_GAPS, gaps)
    seconds = {reason: milliseconds / 1000 for reason, milliseconds in totals_ms.items()}
    return labelled("reason", seconds) if scrape.readers else ()


def _in_channel(scrape: Scrape) -> Iterable[Sample]:
    if scrape.per_channel:
        return [(f"{{{channel}}}", int(is_in)) for channel, is_in in scrape.wanted]
    return joined([int(is_in) for _, is_in in scrape.wanted], OverChannels.SHARE)


READER_METRICS: tuple[Metric, ...] = (
    channel_metric(
        "received_messages_total",
        Kind.COUNTER,
        "Chat messages taken in from Twitch.",
        lambda status: status.received,
    ),
    channel_metric(
        "received_events_total",
        Kind.COUNTER,
        "Events besides messages taken in from Twitch.",
        lambda status: status.events,
    ),
    channel_metric(
        "acknowledged_messages_total",
        Kind.COUNTER,
        "Messages, events and gap records that the publisher has acknowledged.",
        lambda status: status.acknowledged,
    ),
    channel_counts(
        "dropped_messages_total",
        "Messages and events given up, never to be published; `opt_out` is as wanted, no loss.",
        "reason",
        [*(reason.value for reason in DropReason), OPT_OUT],
        lambda status: {**status.dropped, OPT_OUT: status.opted_out},
    ),
    channel_metric(
        "replaced_gap_records_total",
        Kind.COUNTER,
        "Gap records that left the outbox because another one covers their time.",
        lambda status: status.replaced_gaps,
    ),
    channel_metric(
        "outbox_messages",
        Kind.GAUGE,
        "Messages, events and gap records that wait in the outbox.",
        lambda status: status.waiting,
    ),
    channel_metric(
        "outbox_bytes",
        Kind.GAUGE,
        "Size of the outbox on disk.",
        lambda status: status.outbox_bytes,
        OverChannels.LARGEST,
    ),
    channel_seconds(
        "outbox_oldest_timestamp_seconds",
        Kind.GAUGE,
        "Since when the oldest record in the outbox waits, 0 for none.",
        lambda status: status.oldest_waiting_ms,
        OverChannels.OLDEST,
    ),
    channel_seconds(
        "gap_seconds_total",
        Kind.COUNTER,
        "Time in which messages may have been missed.",
        lambda status: status.gap_ms,
    ),
    channel_metric(
        "gaps_total",
        Kind.COUNTER,
        "Number of times in which messages may have been missed: gap records.",
        lambda status: status.gaps,
    ),
    Metric(
        "gap_seconds_by_reason_total",
        Kind.COUNTER,
        "Time in which messages may have been missed, over all channels.",
        ("reason",),
        _gap_seconds_by_reason,
    ),
    Metric(
        "gaps_by_reason_total",
        Kind.COUNTER,
        "Number of gap records, over all channels.",
        ("reason",),
        _gaps_by_reason,
    ),
    Metric(
        "reader_in_channel",
        Kind.GAUGE,
        "1 while Twitch has confirmed the join; 0 also while the reader does not run, or hangs.",
        ("channel",),
        _in_channel,
        OverChannels.SHARE,
    ),
    channel_metric(
        "reader_connects_total",
        Kind.COUNTER,
        "Connections to chat that were made.",
        lambda status: status.connects,
    ),
    channel_seconds(
        "reader_last_message_timestamp_seconds",
        Kind.GAUGE,
        "When the last message was said, 0 for never.",
        lambda status: status.last_message_ms,
        OverChannels.NEWEST,
    ),
    channel_metric(
        "malformed_lines_total",
        Kind.COUNTER,
        "Lines that are not IRC as Twitch speaks it.",
        lambda status: status.malformed_lines,
    ),
)
