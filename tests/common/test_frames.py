"""The frames of the link."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.frames import (
    VERSION,
    Acknowledgement,
    Announcement,
    Batch,
    Envelope,
    FrameError,
    Kind,
    Record,
    UnknownVersionError,
    acknowledgement_topic,
    decode_acknowledgement,
    decode_announcement,
    decode_batch,
    decode_envelope,
    encode_frame,
)

DECODERS = (decode_acknowledgement, decode_announcement, decode_batch, decode_envelope)

numbers = st.integers(min_value=0, max_value=2**63 - 1)
sessions = st.integers(min_value=0, max_value=2**64 - 1)
records = st.builds(
    Record,
    key=st.binary(max_size=20),
    timestamp=numbers,
    value=st.binary(max_size=200),
)


@given(st.builds(Batch, kind=st.sampled_from(Kind), records=st.lists(records, max_size=5)))
def test_a_batch_comes_out_as_it_went_in(batch: Batch) -> None:
    """Kind and records, whatever bytes they are of."""
    assert decode_batch(encode_frame(batch)) == batch


@given(
    st.builds(
        Envelope,
        reader=st.text(max_size=50),
        session=sessions,
        first_seq=numbers,
        oldest_seq=numbers,
    )
)
def test_an_envelope_comes_out_as_it_went_in(envelope: Envelope) -> None:
    """A session is any 64 bit number."""
    assert decode_envelope(encode_frame(envelope)) == envelope


@given(sessions, numbers)
def test_what_the_publisher_says_comes_out_as_it_went_in(session: int, seq: int) -> None:
    """Acknowledgements and announcements."""
    acknowledgement = Acknowledgement(session, seq)
    assert decode_acknowledgement(encode_frame(acknowledgement)) == acknowledgement
    announcement = Announcement(session)
    assert decode_announcement(encode_frame(announcement)) == announcement


@given(frame=st.binary(max_size=200), truthful=st.booleans())
def test_garbage_is_a_frame_error_and_nothing_else(frame: bytes, truthful: bool) -> None:
    """Also when it claims to be of the right version."""
    if truthful:
        frame = bytes([VERSION]) + frame
    for decode in DECODERS:
        try:
            decoded = decode(frame)
        except FrameError:
            continue
        # Some bytes are well-formed by chance. They then mean what they say.
        assert decode(encode_frame(decoded)) == decoded


@pytest.mark.parametrize("decode", DECODERS)
def test_another_version_is_named(decode: object) -> None:
    """The text tells both versions, so that a person knows which side to update."""
    assert callable(decode)
    with pytest.raises(UnknownVersionError, match=f"version 9 where {VERSION} is spoken"):
        decode(b"\x09anything")


def test_a_batch_that_is_cut_off_is_a_frame_error() -> None:
    """At whatever byte."""
    frame = encode_frame(Batch(Kind.CHAT, [Record(b"key", 1, b"value")]))
    for length in range(len(frame)):
        with pytest.raises(FrameError):
            decode_batch(frame[:length])


def test_no_reader_hears_the_acknowledgements_of_another() -> None:
    """ZeroMQ matches topics by prefix."""
    assert not acknowledgement_topic("xqcow/1").startswith(acknowledgement_topic("xqc/1"))
    assert not acknowledgement_topic("xqc/12").startswith(acknowledgement_topic("xqc/1"))
