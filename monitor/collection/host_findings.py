"""What is wrong with the login, the books, the pages and the disk of a host."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.collection import parts, words
from monitor.collection.books import unaccounted
from monitor.collection.figures import Figures
from monitor.collection.formats import size
from monitor.collection.host import Host
from monitor.collection.login_row import has_ended
from monitor.collection.parts import Run
from monitor.collection.snapshot import Finding, Level, Login
from monitor.collection.typed import command, starts

#: Free space below which the disk is nearly full.
_FREE_WARNING = 1024**3
_FREE_PROBLEM = 128 * 1024**2

#: SQLite needs more to write a batch.
_FULL = 64 * 1024

#: Milliseconds after which a page that cannot be read is worth a word: one that is just being
#: created is whole soon.
_UNREADABLE_MS = 5_000


def host_findings(host: Host, figures: Figures, login: Login | None) -> Iterator[Finding]:
    """Yield what is wrong with *host* beside readers and publisher; *login* is shown of it."""
    yield from _books(host, figures)
    # A page that cannot be read is told below.
    if login and login.level is not Level.OK and "auth" not in host.unreadable:
        yield from _login(host, figures, login)
    yield from _disk(host, figures)
    yield from _pages(host, figures)
    if host.supervisord_problem:
        since = figures.since.of("supervisord")
        yield Finding(Level.WARNING, host.supervisord_problem, since, "its programs run on")


def _books(host: Host, figures: Figures) -> Iterator[Finding]:
    if number := unaccounted(host):
        yield Finding(
            Level.PROBLEM,
            f"the books do not balance: {words.count(number, 'record')} unaccounted for",
            figures.since.of("unaccounted"),
            "this is a fault of the service: please report it, with the logs of all processes",
        )


def _login(host: Host, figures: Figures, login: Login) -> Iterator[Finding]:
    reason = f": {login.problem}" if login.problem else ""
    if host.auth and has_ended(host, host.auth.status):
        text, since = f"the login of {login.login} has ended{reason}", login.expires_ms
        since = since if 0 < since <= host.at_ms else 0
    elif login.login and login.expires_ms:
        left = words.duration(login.expires_ms - host.at_ms)
        text, since = f"the login of {login.login} ends in {left}, and is not renewed{reason}", 0
        if login.problem and login.expires_ms - host.at_ms > 600_000:
            text = f"the login of {login.login} may not be renewed{reason}"
    else:
        text, since = login.problem, 0
    yield Finding(login.level, text, figures.since.of("login", since), _login_advice(host, login))


def _login_advice(host: Host, login: Login) -> str:
    run = parts.run_of(host, "auth", host.auth)
    if run is Run.STOPPED:
        return f"`{starts('auth')}` starts it"
    if run is Run.ENDED and not (host.auth and has_ended(host, host.auth.status)):
        return "the last log lines of auth say why"
    return f"log in with `{command('auth', 'login')}`" if login.login else ""


def disk_is_full(host: Host) -> bool:
    """Return whether outboxes cannot be written, also while nothing waits to be."""
    return host.free_bytes is not None and host.free_bytes < _FULL


def _disk(host: Host, figures: Figures) -> Iterator[Finding]:
    if host.free_bytes is not None and host.free_bytes < _FREE_WARNING:
        is_full = disk_is_full(host)
        free = f"{size(host.free_bytes)} are free where outboxes are stored"
        yield Finding(
            Level.PROBLEM if host.free_bytes < _FREE_PROBLEM else Level.WARNING,
            "the disk where outboxes are stored is full" if is_full else free,
            figures.since.of("disk"),
            "make room: readers keep what waits in memory, and lose it if they end"
            if is_full
            else "make room: outboxes grow while Kafka cannot be reached",
        )


def _pages(host: Host, figures: Figures) -> Iterator[Finding]:
    late = []
    for name in sorted(host.unreadable):
        since = figures.since.of((name, "unreadable"))
        if host.at_ms - since > _UNREADABLE_MS:
            late.append((since, name))
    if late:
        pages = "the status page" if len(late) == 1 else "the status pages"
        names = [name for _, name in late]
        yield Finding(
            Level.WARNING,
            f"{pages} of {words.names(names)} cannot be read: {host.unreadable[names[0]]}",
            min(since for since, _ in late),
            "after an update, restart supervisord; otherwise remove the file, and restart its"
            " process if it runs here",
        )
