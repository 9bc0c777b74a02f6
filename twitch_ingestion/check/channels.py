"""The channels that this host shall read."""

from __future__ import annotations

from collections.abc import Iterator

from readers.wanted_channels import CHANNELS_FILE, WantedChannels, first_of
from twitch_ingestion.check.findings import Finding, ok, warning, wrong
from twitch_ingestion.check.host import Host


def check_channels(host: Host, wanted: WantedChannels) -> Iterator[Finding]:
    """Yield what is found about channels.conf and TWITCH_CHANNELS."""
    if not host.runs_readers:
        yield ok("not needed: programs.conf leaves out the readers of this host")
        return
    for text in first_of(wanted.problems):
        yield wrong(text)
    for text in wanted.warnings:
        if text not in host.settings.warnings:  # those have been shown
            yield warning(text)
    if wanted.channels:
        yield ok(f"{len(wanted.channels)}: {_some(wanted.channels)}")
    elif wanted.is_missing:
        text = f"there is no {CHANNELS_FILE}: write one with a channel per line"
        yield wrong(text) if host.is_supervised else warning(text)
    elif not wanted.problems:
        yield warning(f"no channel to read: add some to {CHANNELS_FILE} or TWITCH_CHANNELS")


def _some(channels: tuple[str, ...], shown: int = 5) -> str:
    more = len(channels) - shown
    return ", ".join(channels[:shown]) + (f" and {more} more" if more > 0 else "")
