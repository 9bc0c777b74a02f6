"""Who does not want to be recorded on this host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from readers.opt_out.file import OPT_OUT_FILE, SHOWN_LINES, read_opt_outs
from twitch_ingestion.check.findings import Finding, ok, warning, wrong
from twitch_ingestion.check.host import Host


def check_opt_outs(host: Host) -> Iterator[Finding]:
    """Yield what is found about optout.conf. What is in a wrong line is not shown."""
    if not host.runs_readers:
        yield ok("not needed: programs.conf leaves out the readers of this host")
        return
    path = Path(OPT_OUT_FILE)
    try:
        people = read_opt_outs(path)
    except FileNotFoundError:
        yield ok(f"nobody has opted out: there is no {OPT_OUT_FILE}")
        return
    except OSError as error:
        yield wrong(f"cannot read {OPT_OUT_FILE}, so no reader will start: {error.strerror}")
        return
    if lines := people.wrong_lines:
        shown = ", ".join(map(str, lines[:SHOWN_LINES]))
        more = f" and {len(lines) - SHOWN_LINES} more" if len(lines) > SHOWN_LINES else ""
        yield warning(
            f"{OPT_OUT_FILE} has lines that are neither an id nor a login, and are ignored: {shown}"
            f"{more}"
        )
    yield ok(f"entries in {OPT_OUT_FILE}: {people.people}")
