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
    """A record of an older version, without an id."""

    key: bytes
    timestamp: int
    value: bytes


class FormerBatch(msgspec.Struct, array_like=True):
    """A batch of an older version."""

    kind: Kind
    records: list[FormerRecord]


class FormerEnvelope(msgspec.Struct, array_like=True):
    """An envelope of an older version, without incarnations."""

    reader: str
    session: int
    first_seq: int
    oldest_seq: int


class FormerAcknowledgement(msgspec.Struct, array_like=True):
    """An acknowledgement of an older version, without an incarnation."""

    session: int
    seq: int


class FormerPositionedAcknowledgement(msgspec.Struct, array_like=True):
    """An acknowledgement of an older version, without the times of confirmation."""

    session: int
    seq: int
    incarnation: int


class FormerAnnouncement(msgspec.Struct, array_like=True):
    """An announcement of an older version, without `deduplicates`."""

    session: int


@given(st.builds(Batch, kind=st.sampled_from(Kind), records=st.lists(records, max_size=5)))
def test_a_batch_is_decoded_as_it_was_encoded(batch: Batch) -> None:
    """For any kind and any records."""
    assert decode_batch(encode_frame(batch)) == batch


@given(
    st.builds(
        Envelope,
        reader=st.text(max_size=50),
        session=sessions,
        first_seq=numbers,
        oldest_seq=numbers,
        incarnation=numbers,
        follows=numbers,
        follows_incarnation=numbers,
    )
)
def test_an_envelope_is_decoded_as_it_was_encoded(envelope: Envelope) -> None:
    """A session is any 64-bit number."""
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
def test_a_presence_is_decoded_as_it_was_encoded(presence: Presence) -> None:
    """It has reader, channel, and the times since when and until when."""
    assert decode_presence(encode_frame(presence)) == presence


@given(
    st.builds(
        Acknowledgement,
        session=sessions,
        seq=numbers,
        incarnation=numbers,
        confirmed=st.lists(st.tuples(numbers, numbers), max_size=5).map(tuple),
    )
)
def test_an_acknowledgement_is_decoded_as_it_was_encoded(acknowledgement: Acknowledgement) -> None:
    """It has any number of times of confirmation."""
    assert decode_acknowledgement(encode_frame(acknowledgement)) == acknowledgement


@given(sessions, st.booleans())
def test_an_announcement_is_decoded_as_it_was_encoded(session: int, deduplicates: bool) -> None:
    """A session is any 64-bit number."""
    announcement = Announcement(session, deduplicates)
    assert decode_announcement(encode_frame(announcement)) == announcement


def test_frames_of_an_older_program_are_decoded() -> None:
    """After an update, an outbox may hold records without an id."""
    batch = FormerBatch(Kind.CHAT, [FormerRecord(b"key", 1, b"value")])
    frame = bytes([VERSION]) + msgspec.msgpack.encode(batch)
    assert decode_batch(frame) == Batch(Kind.CHAT, [Record(b"key", 1, b"value")])
    frame = bytes([VERSION]) + msgspec.msgpack.encode(FormerAnnouncement(7))
    assert decode_announcement(frame) == Announcement(7)
    frame = bytes([VERSION]) + msgspec.msgpack.encode(FormerEnvelope("xqc/1", 7, 2, 1))
    assert decode_envelope(frame) == Envelope("xqc/1", 7, 2, 1)
    frame = bytes([VERSION]) + msgspec.msgpack.encode(FormerAcknowledgement(7, 2))
    assert decode_acknowledgement(frame) == Acknowledgement(7, 2)
    positioned = FormerPositionedAcknowledgement(7, 2, 5)
    frame = bytes([VERSION]) + msgspec.msgpack.encode(positioned)
    assert decode_acknowledgement(frame) == Acknowledgement(7, 2, 5)


def test_an_older_program_decodes_new_frames() -> None:
    """It ignores the fields that it does not know."""
    frame = encode_frame(Batch(Kind.CHAT, [Record(b"key", 1, b"value", b"id")]))
    decoded = msgspec.msgpack.decode(frame[1:], type=FormerBatch)
    assert decoded == FormerBatch(Kind.CHAT, [FormerRecord(b"key", 1, b"value")])
    frame = encode_frame(Announcement(7, deduplicates=True))
    assert msgspec.msgpack.decode(frame[1:], type=FormerAnnouncement) == FormerAnnouncement(7)
    frame = encode_frame(Envelope("xqc/1", 7, 2, 1, 5, 1, 4))
    former = FormerEnvelope("xqc/1", 7, 2, 1)
    assert msgspec.msgpack.decode(frame[1:], type=FormerEnvelope) == former
    frame = encode_frame(Acknowledgement(7, 2, 5, ((1, 10), (2, 20))))
    decoded_acknowledgement = msgspec.msgpack.decode(frame[1:], type=FormerAcknowledgement)
    assert decoded_acknowledgement == FormerAcknowledgement(7, 2)
    positioned = msgspec.msgpack.decode(frame[1:], type=FormerPositionedAcknowledgement)
    assert positioned == FormerPositionedAcknowledgement(7, 2, 5)


@given(frame=st.binary(max_size=200), right_version=st.booleans())
def test_garbage_raises_only_frame_errors(frame: bytes, right_version: bool) -> None:
    """Also if it starts with the right version."""
    if right_version:
        frame = bytes([VERSION]) + frame
    for decode in DECODERS:
        try:
            decoded = decode(frame)
        except FrameError:
            continue
        # Some bytes are well-formed by chance.
        assert decode(encode_frame(decoded)) == decoded


def test_a_name_that_is_not_utf_8_is_a_frame_error() -> None:
    """It must not raise UnicodeDecodeError, which callers do not catch."""
    frame = encode_frame(Envelope("xqc/1", 7, 1, 1)).replace(b"xqc", b"x\xffc")
    with pytest.raises(FrameError, match="not an envelope"):
        decode_envelope(frame)


@pytest.mark.parametrize("decode", DECODERS)
def test_the_error_names_an_unsupported_version(decode: object) -> None:
    """It has both versions, which shows the side that needs an update."""
    assert callable(decode)
    expected = f"version 9, but this program supports {VERSION}"
    with pytest.raises(UnknownVersionError, match=expected):
        decode(b"\x09anything")


def test_a_truncated_batch_is_a_frame_error() -> None:
    """Wherever it is cut."""
    frame = encode_frame(Batch(Kind.CHAT, [Record(b"key", 1, b"value")]))
    for length in range(len(frame)):
        with pytest.raises(FrameError):
            decode_batch(frame[:length])


def test_no_reader_receives_the_acknowledgements_of_another() -> None:
    """ZeroMQ matches topics by prefix."""
    assert not acknowledgement_topic("xqcow/1").startswith(acknowledgement_topic("xqc/1"))
    assert not acknowledgement_topic("xqc/12").startswith(acknowledgement_topic("xqc/1"))
