"""The metrics of the host: its programs, memory, disk, and what monitor itself costs."""

from __future__ import annotations

import platform
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version

from common.distribution import DISTRIBUTION
from common.program_names import READER_PREFIX
from monitor.collection.books import unaccounted
from monitor.metrics.labels import labels
from monitor.metrics.metric import Kind, Metric, Sample
from monitor.metrics.scrape import Scrape

_VERSION = version(DISTRIBUTION)

#: supervisord's states: https://supervisord.org/subprocess.html#process-states
_STATES = ["STOPPED", "STARTING", "RUNNING", "BACKOFF", "STOPPING", "EXITED", "FATAL", "UNKNOWN"]


def _build(scrape: Scrape) -> Iterator[Sample]:
    page = scrape.host.publisher
    yield (
        labels(
            version=_VERSION,
            python=platform.python_version(),
            librdkafka=page.status.librdkafka if page else "",
        ),
        1,
    )


def _configured(scrape: Scrape) -> Iterator[Sample]:
    if scrape.wanted or scrape.host.programs is not None:
        yield "", len(scrape.wanted)


def _reader_states(scrape: Scrape) -> Iterator[Sample]:
    if scrape.host.programs is None:
        return
    states = Counter(dict.fromkeys(_STATES, 0))
    states.update(
        program.state
        for name, program in scrape.host.programs.items()
        if name.startswith(READER_PREFIX)
    )
    for state, count in states.items():
        yield labels(state=state), count


def _program_up(scrape: Scrape) -> Iterator[Sample]:
    for name, is_up in _programs(scrape).items():
        yield labels(program=name), int(is_up)


def _programs(scrape: Scrape) -> dict[str, bool]:
    """Return whether each program runs, but readers; without a supervisord, from the pages."""
    host = scrape.host
    if host.programs is None:
        pages = {"publisher": host.publisher, "auth": host.auth}
        up = {name: page.is_written for name, page in pages.items() if page}
        return up | {"supervisord": False} if host.supervisord_problem else up
    return {"supervisord": not host.supervisord_problem} | {
        name: program.pid > 0
        for name, program in host.programs.items()
        if not name.startswith(READER_PREFIX)
    }


def _memory(scrape: Scrape) -> Iterator[Sample]:
    for name, usage in scrape.host.usage.items():
        if usage.resident_bytes:
            yield labels(program=name), usage.resident_bytes


def _processor(scrape: Scrape) -> Iterator[Sample]:
    for name, usage in scrape.host.usage.items():
        yield labels(program=name), usage.processor_s


def _free(scrape: Scrape) -> Iterable[Sample]:
    return () if scrape.host.free_bytes is None else [("", scrape.host.free_bytes)]


def _outbox_limit(scrape: Scrape) -> Iterable[Sample]:
    limits = [status.outbox_limit_bytes for _, status in scrape.readers]
    return [("", max(limits))] if limits else ()


HOST_METRICS: tuple[Metric, ...] = (
    Metric(
        "build_info",
        Kind.GAUGE,
        "1. The versions of this service, of Python, and of librdkafka if the publisher is here.",
        ("version", "python", "librdkafka"),
        _build,
    ),
    Metric(
        "channels_configured",
        Kind.GAUGE,
        "Channels that this host should read.",
        (),
        _configured,
    ),
    Metric(
        "readers",
        Kind.GAUGE,
        "Readers, by supervisord's state.",
        ("state",),
        _reader_states,
    ),
    Metric(
        "program_up",
        Kind.GAUGE,
        "1 while the program runs: supervisord, if it should, and its programs but readers.",
        ("program",),
        _program_up,
    ),
    Metric(
        "process_resident_memory_bytes",
        Kind.GAUGE,
        "Memory of a program, and of all readers together. Shared memory is counted in parts.",
        ("program",),
        _memory,
    ),
    Metric(
        "process_cpu_seconds_total",
        Kind.COUNTER,
        "Processor time of a program, and of all readers together, since monitor started.",
        ("program",),
        _processor,
    ),
    Metric(
        "state_free_bytes",
        Kind.GAUGE,
        "Free space on the disk that the outboxes are on.",
        (),
        _free,
    ),
    Metric(
        "outbox_limit_bytes",
        Kind.GAUGE,
        "How large each outbox may become.",
        (),
        _outbox_limit,
    ),
    Metric(
        "unaccounted_messages",
        Kind.GAUGE,
        "Records that came in, and neither went out nor wait. It must be 0.",
        (),
        lambda scrape: [("", unaccounted(scrape.host))],
    ),
    Metric(
        "status_pages_unreadable",
        Kind.GAUGE,
        "Status pages that cannot be read; the series of their processes are missing.",
        (),
        lambda scrape: [("", len(scrape.host.unreadable))],
    ),
    Metric(
        "monitor_collect_seconds",
        Kind.GAUGE,
        "How long it took to read all status pages.",
        (),
        lambda scrape: [("", scrape.host.collected_within_s)],
    ),
    Metric(
        "monitor_render_seconds",
        Kind.GAUGE,
        "How long it took to write these metrics as text.",
        (),
        lambda scrape: [("", time.perf_counter() - scrape.started_s)],
    ),
)
