"""The frames of the link."""

from __future__ import annotations

import msgspec
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
    Presence,
    Record,
    UnknownVersionError,
    acknowledgement_topic,
    decode_acknowledgement,
    decode_announcement,
    decode_batch,
    decode_envelope,
    decode_presence,
    encode_frame,
)

DECODERS = (
    decode_acknowledgement,
    decode_announcement,
    decode_batch,
    decode_envelope,
    decode_presence,
)

numbers = st.integers(min_value=0, max_value=2**63 - 1)
sessions = st.integers(min_value=0, max_value=2**64 - 1)
records = st.builds(
    Record,
    key=st.binary(max_size=20),
    timestamp=numbers,
    value=st.binary(max_size=200),
    id=st.binary(max_size=40),
)


class FormerRecord(msgspec.Struct, array_like=True):
    """A record as it was when it had no id."""

    key: bytes
    timestamp: int
    value: bytes


class FormerBatch(msgspec.Struct, array_like=True):
    """A batch of those days."""

    kind: Kind
    records: list[FormerRecord]


class FormerAnnouncement(msgspec.Struct, array_like=True):
    """An announcement when there was only one way to publish."""

    session: int


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


@given(
    st.builds(
        Presence,
        reader=st.text(max_size=50),
        channel_id=st.text(max_size=20),
        since_ms=numbers,
        until_ms=numbers,
    )
)
def test_a_presence_comes_out_as_it_went_in(presence: Presence) -> None:
    """Who was where, since when and until when."""
    assert decode_presence(encode_frame(presence)) == presence


@given(sessions, numbers, st.booleans())
def test_what_the_publisher_says_comes_out_as_it_went_in(
    session: int, seq: int, deduplicates: bool
) -> None:
    """Acknowledgements and announcements."""
    acknowledgement = Acknowledgement(session, seq)
    assert decode_acknowledgement(encode_frame(acknowledgement)) == acknowledgement
    announcement = Announcement(session, deduplicates)
    assert decode_announcement(encode_frame(announcement)) == announcement


def test_what_an_older_program_has_sent_is_understood() -> None:
    """An outbox of before an update holds records without an id."""
    batch = FormerBatch(Kind.CHAT, [FormerRecord(b"key", 1, b"value")])
    frame = bytes([VERSION]) + msgspec.msgpack.encode(batch)
    assert decode_batch(frame) == Batch(Kind.CHAT, [Record(b"key", 1, b"value")])
    frame = bytes([VERSION]) + msgspec.msgpack.encode(FormerAnnouncement(7))
    assert decode_announcement(frame) == Announcement(7)


def test_an_older_program_understands_what_is_sent_now() -> None:
    """It passes over what it does not know of."""
    frame = encode_frame(Batch(Kind.CHAT, [Record(b"key", 1, b"value", b"id")]))
    decoded = msgspec.msgpack.decode(frame[1:], type=FormerBatch)
    assert decoded == FormerBatch(Kind.CHAT, [FormerRecord(b"key", 1, b"value")])
    frame = encode_frame(Announcement(7, deduplicates=True))
    assert msgspec.msgpack.decode(frame[1:], type=FormerAnnouncement) == FormerAnnouncement(7)


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


def test_a_name_that_is_not_utf_8_is_a_frame_error() -> None:
    """It must not come out as an error that nobody expects."""
    frame = encode_frame(Envelope("xqc/1", 7, 1, 1)).replace(b"xqc", b"x\xffc")
    with pytest.raises(FrameError, match="not an envelope"):
        decode_envelope(frame)


@pytest.mark.parametrize("decode", DECODERS)
def test_another_version_is_named(decode: object) -> None:
    """The text tells both versions, so that a person knows which side to update."""
    assert callable(decode)
    expected = f"version 9, but this program supports {VERSION}"
    with pytest.raises(UnknownVersionError, match=expected):
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
