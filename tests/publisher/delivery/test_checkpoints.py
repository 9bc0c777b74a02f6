"""The progress topic: the last record of each key counts, and unknown formats are errors."""

from __future__ import annotations

import os

import pytest

from publisher.delivery.checkpoints import (
    ForeignRecordError,
    Standing,
    claim_key,
    encode_checkpoint,
    encode_claim,
)
from publisher.link.sequence import Position

READER = b"xqc/0123456789abcdef"


def test_the_last_checkpoint_of_a_reader_counts() -> None:
    """Each reader has its own checkpoint."""
    standing = Standing()
    for key, seq in ((READER, 10), (b"other/00", 5), (READER, 30)):
        standing.take(key, encode_checkpoint(Position(seq, seq + 1)))

    assert standing.checkpoints == {READER.decode(): Position(30, 31), "other/00": Position(5, 6)}
    assert standing.claims == {}


def test_a_lower_checkpoint_does_not_replace_a_higher_one() -> None:
    """A late one, for example of another publisher's. The same or, after a tombstone, any does."""
    standing = Standing()
    for seq in (30, 10):
        standing.take(READER, encode_checkpoint(Position(seq)))
    assert standing.checkpoints == {READER.decode(): Position(30)}

    standing.take(READER, encode_checkpoint(Position(30, 2)))
    assert standing.checkpoints == {READER.decode(): Position(30, 2)}

    standing.take(READER, None)
    standing.take(READER, encode_checkpoint(Position(10)))
    assert standing.checkpoints == {READER.decode(): Position(10)}


def test_a_checkpoint_of_an_older_version_has_no_incarnation() -> None:
    """The reader may continue in any."""
    standing = Standing()
    standing.take(READER, b'{"version":1,"seq":10}')

    assert standing.checkpoints == {READER.decode(): Position(10, 0)}


def test_a_tombstone_removes_a_checkpoint() -> None:
    """As in any compacted topic. A tombstone without an earlier checkpoint is no error."""
    standing = Standing()
    standing.take(READER, encode_checkpoint(Position(10)))
    standing.take(READER, None)
    standing.take(b"other/00", None)

    assert standing.checkpoints == {}


def test_the_last_claim_to_a_transactional_id_counts() -> None:
    """A claim names the session and the process. Each transactional.id has its own claims."""
    standing = Standing()
    for transactional_id, session in (("a", "01"), ("b", "02"), ("a", "03")):
        standing.take(claim_key(transactional_id), encode_claim(session))

    assert standing.claims["a"].session == "03"
    assert standing.claims["a"].process == os.getpid()
    assert standing.claims["b"].session == "02"
    assert standing.checkpoints == {}


def test_a_tombstone_removes_a_claim() -> None:
    """Those to other ids stay."""
    standing = Standing()
    for transactional_id in ("a", "b"):
        standing.take(claim_key(transactional_id), encode_claim("01"))
    standing.take(claim_key("a"), None)
    standing.take(claim_key("c"), None)

    assert list(standing.claims) == ["b"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param(READER, b'{"version":2,"seq":10}', id="a checkpoint of another version"),
        pytest.param(READER, b'{"version":1,"seq":0}', id="an impossible seq"),
        pytest.param(READER, b'{"version":1,"seq":1,"incarnation":-1}', id="an impossible id"),
        pytest.param(READER, b'{"message":"hi"}', id="something else"),
        pytest.param(READER, b"\xff", id="not JSON"),
        pytest.param(None, b"x", id="no key"),
        pytest.param(b"\xff", b"x", id="a key that is not UTF-8"),
        pytest.param(b"publisher a", b'{"version":1}', id="half a claim"),
    ],
)
def test_a_record_of_another_format_raises_an_error_with_its_key(
    key: bytes | None, value: bytes
) -> None:
    """It is neither read as a checkpoint nor ignored."""
    name = (key or b"").decode("utf-8", "replace")
    with pytest.raises(ForeignRecordError, match=f"a record with the key '{name}'"):
        Standing().take(key, value)
