"""The lines of `twitch-ingestion keys list`: public keys only, never a private one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from common.key_files import (
    PUBLISHER_PAIR,
    READERS_PAIR,
    AuthorizedHost,
    KeyFileError,
    read_pair,
)


def pair_lines(folder: Path) -> tuple[list[str], list[str]]:
    """Return a line for each key pair in the keys folder *folder*, and a text for each problem."""
    lines, problems = [], []
    for owner, name in (("publisher", PUBLISHER_PAIR), ("readers", READERS_PAIR)):
        try:
            pair = read_pair(folder / name)
        except KeyFileError as error:
            problems.append(str(error))
            continue
        if pair is not None:
            lines.append(f"  {owner:<9}  {pair.public_key}")
    return lines, problems


def host_lines(hosts: Sequence[AuthorizedHost]) -> list[str]:
    """Return a line for each of *hosts*: its name, its key, and since when it is authorised."""
    width = max((len(host.name) for host in hosts), default=0)
    return [
        f"  {host.name:<{width}}  {host.public_key}  since {_moment(host.since)}" for host in hosts
    ]


def _moment(when: float) -> str:
    return f"{datetime.fromtimestamp(when).astimezone():%Y-%m-%d %H:%M:%S %z}"
