"""What the progress topic says: of each key the last record counts, and only what we understand."""

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

READER = b"xqc/0123456789abcdef"


def test_the_last_mark_of_a_reader_counts() -> None:
    """Each reader has its own."""
    standing = Standing()
    for key, seq in ((READER, 10), (b"other/00", 5), (READER, 30)):
        standing.take(key, encode_checkpoint(seq))

    assert standing.checkpoints == {READER.decode(): 30, "other/00": 5}
    assert standing.claims == {}


def test_a_mark_without_a_value_is_void() -> None:
    """As in any compacted topic, and whether there was one before or not."""
    standing = Standing()
    standing.take(READER, encode_checkpoint(10))
    standing.take(READER, None)
    standing.take(b"other/00", None)

    assert standing.checkpoints == {}


def test_the_last_claim_to_an_id_counts() -> None:
    """It says which session of which process; others' ids are others' business."""
    standing = Standing()
    for transactional_id, session in (("a", "01"), ("b", "02"), ("a", "03")):
        standing.take(claim_key(transactional_id), encode_claim(session))

    assert standing.claims["a"].session == "03"
    assert standing.claims["a"].process == os.getpid()
    assert standing.claims["b"].session == "02"
    assert standing.checkpoints == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param(READER, b'{"version":2,"seq":10}', id="a mark of another version"),
        pytest.param(READER, b'{"version":1,"seq":0}', id="a seq that cannot be"),
        pytest.param(READER, b'{"message":"hi"}', id="something else"),
        pytest.param(READER, b"\xff", id="no JSON"),
        pytest.param(None, b"x", id="no key"),
        pytest.param(b"publisher a", b'{"version":1}', id="half a claim"),
    ],
)
def test_what_nobody_of_us_has_written_is_told_by_its_key(key: bytes | None, value: bytes) -> None:
    """Raises rather than take something for a mark, or pass one over."""
    with pytest.raises(ForeignRecordError, match="a record with the key"):
        Standing().take(key, value)
