"""The record that says that somebody has opted out."""

from __future__ import annotations

import msgspec
import pytest

from common.opt_out import OptOut, decode_opt_out, encode_opt_out


def test_it_says_what_it_is() -> None:
    """It is in the topic of events, beside records of other types."""
    record = OptOut(user_id="5", timestamp=1)
    assert encode_opt_out(record) == b'{"type":"opt_out","user_id":"5","timestamp":1}'
    assert decode_opt_out(encode_opt_out(record)) == record


@pytest.mark.parametrize("value", [b"{}", b'{"type":""}', b'{"type":"clear"}', b"[]", b"", b"\xff"])
def test_anything_else_is_refused(value: bytes) -> None:
    """Also if it does not say what it is."""
    with pytest.raises(msgspec.DecodeError):
        decode_opt_out(value)
