"""What the live page shows of the login."""

from __future__ import annotations

from common.status.auth_status import AuthStatus
from monitor.collection import parts, words
from monitor.collection.channel_rows import gone_since, run_level
from monitor.collection.figures import Figures
from monitor.collection.hangs import auth_hangs_ms
from monitor.collection.host import Host
from monitor.collection.parts import Run
from monitor.collection.snapshot import Level, Login

#: Milliseconds before its end by which auth should have renewed a login.
RENEWED_BEFORE_MS = 600_000


def login_row(host: Host, figures: Figures) -> Login | None:
    """Return what is known of the login of *host*; None if it has no auth."""
    if not parts.has_auth(host):
        return None
    status = host.auth.status if host.auth else AuthStatus()
    problem = _trouble(host, figures) or status.problem
    row = Login(Level.OK, status.login, status.expires_ms, status.is_valid, problem)
    row.level = _level(host, status, problem)
    return row


def has_ended(host: Host, status: AuthStatus) -> bool:
    """Return whether Twitch takes the login no longer."""
    ended = 0 < status.expires_ms <= host.at_ms
    # Until Twitch has been asked, nobody knows.
    return bool(status.login) and (ended or (status.validated_ms > 0 and not status.is_valid))


def _level(host: Host, status: AuthStatus, problem: str) -> Level:
    if has_ended(host, status):
        return Level.PROBLEM
    ends_soon = 0 < status.expires_ms < host.at_ms + RENEWED_BEFORE_MS
    return Level.WARNING if problem or (status.login and ends_soon) else Level.OK


def _trouble(host: Host, figures: Figures) -> str:
    """Return why auth cannot keep the login, if its process is the reason."""
    run = parts.run_of(host, "auth", host.auth)
    if run is Run.RUNNING:
        hangs_ms = auth_hangs_ms(host)
        return f"auth hangs: it has not worked for {words.duration(hangs_ms)}" if hangs_ms else ""
    why = host.unreadable.get("auth", "") or parts.why_it_does_not_run(host, "auth")
    since = gone_since(figures, "auth", run, host.auth.status.turned_ms if host.auth else 0)
    if run_level(run, host.at_ms - since, why) is not Level.PROBLEM and run is not Run.STOPPED:
        return why
    return f"auth is {run.value}" + (f": {why}" if why else "")
