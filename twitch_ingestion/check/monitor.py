"""The monitor: whether it can listen, and whether the monitors of other hosts respond."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from common.settings import Settings, SettingsError
from common.web_address import WebAddress
from monitor.collection.own_address import reachable
from monitor.collection.remote import RefusedError, RemoteError, fetch
from monitor.web.listening import check_token
from twitch_ingestion.check.address import (
    Address,
    cannot_listen,
    is_taken,
    reason_not_to_bind,
)
from twitch_ingestion.check.findings import Finding, ok, warning, wrong
from twitch_ingestion.check.host import Host
from twitch_ingestion.check.port_owner import folder_of, owner_of

#: Seconds that a monitor has to respond.
_RESPOND_WITHIN_S = 3.0


def check_monitor(host: Host) -> Iterator[Finding]:
    """Yield what is found about the address of the monitor here, and about MONITOR_PEERS."""
    settings = host.settings
    if not host.runs_monitor:
        yield ok("not checked: programs.conf leaves out the monitor of this host")
        return
    try:
        check_token(settings)
    except SettingsError as error:
        yield wrong(str(error))
    else:
        yield _listening(settings)
    if settings.monitor_peers:
        ask = partial(_responding, token=settings.monitor_token)
        with ThreadPoolExecutor(len(settings.monitor_peers)) as threads:
            yield from threads.map(ask, settings.monitor_peers)


def _listening(settings: Settings) -> Finding:
    """Return whether the monitor can listen at MONITOR_BIND, or already does."""
    bind = settings.monitor_bind
    subject = f"MONITOR_BIND {bind}"
    error = reason_not_to_bind(Address(bind.host, bind.port))
    if error is None:
        return ok(f"{subject}: {'free' if bind.port else 'any free port'}")
    if not is_taken(error):
        return cannot_listen("monitor", "MONITOR_BIND", bind, error)
    owner = owner_of(bind.port)
    try:
        fetch(reachable(bind), settings.monitor_token, _RESPOND_WITHIN_S)
    except RefusedError:
        return wrong(
            f"{subject}: a monitor listens there, {owner}, which refuses MONITOR_TOKEN: restart it"
            " if it is the one of this folder, otherwise set MONITOR_BIND to another port"
        )
    except RemoteError:
        return wrong(
            f"{subject}: the port is taken by {owner}, which does not respond as a monitor: stop"
            " that, or set MONITOR_BIND to another port"
        )
    folder = folder_of(bind.port)
    if folder not in (None, Path.cwd()):
        return wrong(
            f"{subject}: the monitor of {folder} listens there, {owner}: set MONITOR_BIND to"
            " another port"
        )
    return ok(f"{subject}: a monitor listens there already, {owner}")


def _responding(peer: WebAddress, token: str) -> Finding:
    try:
        snapshot = fetch(peer, token, _RESPOND_WITHIN_S)
    except RemoteError as error:
        return warning(f"MONITOR_PEERS: {error} {error.advice}")
    return ok(f"MONITOR_PEERS {peer}: the monitor of {snapshot.host} responds")
