"""A page that has a moment and gets the change has the next moment."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.collection.snapshot import Channel, Snapshot
from monitor.web.changes import change, whole
from tests.monitor.snapshots import channel, snapshot

_ROWS = st.lists(
    st.builds(channel, st.sampled_from("abcde"), received=st.integers(0, 2)),
    unique_by=lambda row: row.channel,
)


@given(_ROWS, _ROWS, st.booleans())
def test_before_and_the_change_make_after(
    before: list[Channel], after: list[Channel], new_history: bool
) -> None:
    """Whatever was added, removed or changed."""
    old, new = _host(before), replace(_host(after), at_ms=1, sentence="new")
    if new_history:
        new = replace(new, history=replace(new.history, until_ms=1))
    data = change([old], [new])
    assert data is not None
    shown = _applied(json.loads(whole([old]))["hosts"][0], json.loads(data)["hosts"][0])
    expected = json.loads(whole([new]))["hosts"][0]
    assert _by_channel(shown) == _by_channel(expected)


def test_only_what_has_changed_is_sent() -> None:
    """Of a thousand rows, the one that is different."""
    rows = [channel(f"channel{number}") for number in range(1000)]
    after = [replace(rows[0], received=1), *rows[1:]]
    data = change([_host(rows)], [_host(after)])
    assert data is not None
    sent = json.loads(data)["hosts"][0]
    assert [row["channel"] for row in sent["channels"]] == ["channel0"]
    assert (sent["gone"], sent["history"]) == ([], None)


def test_other_hosts_are_no_change() -> None:
    """The page needs everything then."""
    one, other = replace(_host([]), host="one"), replace(_host([]), host="other")
    assert change([one], [one, other]) is None
    assert change([one], [other]) is None
    assert change([], [one]) is None


def _host(rows: list[Channel]) -> Snapshot:
    return replace(snapshot(), channels=rows)


def _applied(shown: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return what a page shows that has *shown* and gets *changes*."""
    gone, changed = changes.pop("gone"), changes.pop("channels")
    rows = {row["channel"]: row for row in shown["channels"]}
    rows = {name: row for name, row in rows.items() if name not in gone}
    rows |= {row["channel"]: row for row in changed}
    history = changes.pop("history") or shown["history"]
    return changes | {"channels": list(rows.values()), "history": history}


def _by_channel(host: dict[str, Any]) -> dict[str, Any]:
    return host | {"channels": {row["channel"]: row for row in host["channels"]}}
