"""Whether enough files may be open for the number of channels."""

from __future__ import annotations

import resource
from collections.abc import Iterator

from common.open_files import ENOUGH
from readers.supervision.capacity import open_files_for, readers_that_fit
from twitch_ingestion.check.findings import Finding, ok, wrong
from twitch_ingestion.check.host import Host


def check_open_files(host: Host) -> Iterator[Finding]:
    """Yield whether supervisord and the publisher may open as many files as they need."""
    # Both raise the soft limit to the hard one.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    channels, most = len(host.channels), readers_that_fit(limit)
    allowed = f"a process of this shell may open {limit} files, enough for {most} readers"
    if channels > most:
        yield wrong(
            f"{allowed}, but there are {channels} channels: allow"
            f" {open_files_for(channels)} (LimitNOFILE of systemd, or `ulimit -n`)"
        )
    else:
        yield ok(allowed)
