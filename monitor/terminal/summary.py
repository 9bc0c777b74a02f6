"""What is above the table: the state of each host, what is wrong, the publishers and the logins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from common.printable import printable
from monitor.collection.formats import NONE, count, delay, largest_unit, rate
from monitor.collection.snapshot import Finding, Login, Publisher, Snapshot
from monitor.terminal.columns import SIGNS
from monitor.terminal.table import STYLES
from monitor.terminal.texts import age

_REACHABLE = {True: "reachable", False: "not reachable", None: "not known"}


def summary(hosts: Sequence[Snapshot], most_lines: int | None) -> list[Text]:
    """Return at most *most_lines* lines about *hosts*, any number if it is None."""
    several = len(hosts) > 1
    names = [f"{printable(host.host)}: " if several else "" for host in hosts]
    pairs = list(zip(names, hosts, strict=True))
    sentences = [_sentence(name, host) for name, host in pairs]
    findings = [text for name, host in pairs for text in _findings(name, host)]
    parts = [text for name, host in pairs for text in _parts(name, host)]
    if most_lines is None:
        return [*sentences, *findings, *parts]
    findings = _shortened(findings, most_lines - len(sentences) - len(parts))
    return [*sentences, *findings, *parts][:most_lines]


def _sentence(name: str, host: Snapshot) -> Text:
    # The finding that the sentence tells is not repeated below it.
    advice = next((each.advice for each in host.findings if each.text == host.sentence), "")
    told = Finding(host.level, host.sentence, host.since_ms, advice)
    return _told(name, told, host.at_ms)


def _findings(name: str, host: Snapshot) -> Iterator[Text]:
    for finding in host.findings:
        if finding.text != host.sentence:
            yield _told(name, finding, host.at_ms)


def _told(name: str, finding: Finding, at_ms: int) -> Text:
    since = f" (for {age(finding.since_ms, at_ms)})" if finding.since_ms else ""
    line = Text(
        f"{SIGNS[finding.level]} {name}{printable(finding.text)}{since}",
        STYLES[finding.level] or "bold green",
    )
    if finding.advice:
        line.append(f"  {printable(finding.advice)}", "default not bold")
    return line


def _parts(name: str, host: Snapshot) -> Iterator[Text]:
    if host.publisher is not None:
        yield Text(f"   {name}{_publisher(host.publisher)}", STYLES[host.publisher.level])
    if host.login is not None:
        yield Text(f"   {name}{_login(host.login, host.at_ms)}", STYLES[host.login.level])


def _publisher(publisher: Publisher) -> str:
    session = f" {printable(publisher.session)}" if publisher.session else ""
    said = [
        f"publisher {printable(publisher.state)}{session}",
        f"Kafka {printable(publisher.kafka_brokers)} {_REACHABLE[publisher.kafka_is_reachable]}",
        f"{rate(publisher.published_per_s)} records/s",
        f"queue {_queue(publisher)}",
        f"{count(publisher.unconfirmed)} unconfirmed",
        f"delay {delay(publisher.delay_p50_s)}, p99 {delay(publisher.delay_p99_s)}",
        f"{count(publisher.readers)} readers",
    ]
    if publisher.dead_letters:
        said.append(f"{count(publisher.dead_letters)} dead letters")
    if publisher.problem:
        said.append(printable(publisher.problem))
    return " | ".join(said)


def _queue(publisher: Publisher) -> str:
    # Its limit is known with the first figures of Kafka's client.
    limit = publisher.queue_limit_messages
    return f"{count(publisher.queue_messages)} of {count(limit)}" if limit else NONE


def _login(login: Login, at_ms: int) -> str:
    if not login.login:
        # auth that cannot read the login does not know whether there is one.
        said = "login: not known" if login.problem else "login: none, readers are anonymous"
    elif login.is_valid:
        ends = f", ends in {largest_unit(login.expires_ms - at_ms)}" if login.expires_ms else ""
        said = f"login: {printable(login.login)}{ends}"
    else:
        said = f"login: {printable(login.login)}, not valid"
    return f"{said} | {printable(login.problem)}" if login.problem else said


def _shortened(findings: list[Text], room: int) -> list[Text]:
    """Return *findings*, or the first ones and how many more there are, in at most *room* lines."""
    if len(findings) <= room:
        return findings
    kept = findings[: max(0, room - 1)]
    return [*kept, Text(f"   and {len(findings) - len(kept)} more findings")] if room > 0 else []
