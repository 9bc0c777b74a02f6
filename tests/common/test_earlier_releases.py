"""
What earlier releases have sent and written is read, and what is sent is what they can read.

`recorded_frames.json` has the frames of each release that changed them, under the commit whose code
has encoded them, in hexadecimal digits. If an encoding changes, add those of the new code. None is
ever changed or removed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from common.frames import (
    Acknowledgement,
    Announcement,
    Batch,
    Envelope,
    Kind,
    Presence,
    Record,
    acknowledgement_topic,
    announcement_topic,
    decode_acknowledgement,
    decode_announcement,
    decode_batch,
    decode_envelope,
    decode_presence,
    encode_frame,
)
from common.key_files import READERS_PAIR, authorized_keys, read_pair
from common.token_store import StoredToken, read_token

FRAMES: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("recorded_frames.json").read_text()
)

RELEASES = list(FRAMES)

SESSION = 2**63 + 5
READER = "xqc/0123456789abcdef"
SEQ = 10**9 + 7
KEY = b"71092938"
SENT_MS = 1_700_000_000_123

CHAT = Batch(
    Kind.CHAT,
    [
        Record(KEY, SENT_MS, b'{"message":"hi"}', b"885196de-cb67-427a-baa8-82f9b0fcd05f"),
        Record(KEY, SENT_MS + 333, '{"message":"café"}'.encode()),
    ],
)
EVENT = Batch(Kind.EVENT, [Record(KEY, SENT_MS, b'{"type":"clear"}', b"clear:71092938")])
GAP = Batch(Kind.GAP, [Record(KEY, SENT_MS, b'{"reason":"restarted"}')])

#: The values that were encoded, as the newest release has them.
VALUES: dict[str, Batch | Envelope | Acknowledgement | Announcement | Presence] = {
    "chat": CHAT,
    "event": EVENT,
    "gap": GAP,
    "envelope": Envelope(READER, SESSION, SEQ, 4, 2**62 + 3, 6, 2**61 + 1, is_awaited=True),
    "acknowledgement": Acknowledgement(
        SESSION, SEQ, 2**62 + 3, ((SEQ - 1, SENT_MS * 1000 + 2500), (SEQ, SENT_MS * 1000 + 3000))
    ),
    "announcement": Announcement(SESSION, deduplicates=True, takes_events=True),
    "presence": Presence(READER, "71092938", SENT_MS, SENT_MS + 9000),
}

#: What earlier releases did not send.
WITHOUT_IDS = Batch(Kind.CHAT, [Record(KEY, each.timestamp, each.value) for each in CHAT.records])
WITHOUT_INCARNATIONS = {
    "envelope": Envelope(READER, SESSION, SEQ, 4),
    "acknowledgement": Acknowledgement(SESSION, SEQ),
}
WITHOUT_AWAITING = {"envelope": Envelope(READER, SESSION, SEQ, 4, 2**62 + 3, 6, 2**61 + 1)}
WITHOUT_TIMES = {
    "acknowledgement": Acknowledgement(SESSION, SEQ, 2**62 + 3),
    **WITHOUT_AWAITING,
}
WITHOUT_EVENTS = {"announcement": Announcement(SESSION, deduplicates=True)}
LACKED: dict[str, dict[str, Any]] = {
    "d69e27b": {"chat": WITHOUT_IDS, "announcement": Announcement(SESSION), **WITHOUT_INCARNATIONS},
    "5097a39": {**WITHOUT_EVENTS, **WITHOUT_INCARNATIONS},
    "38a676e": {**WITHOUT_EVENTS, **WITHOUT_TIMES},
    "9f15f5c": WITHOUT_TIMES,
    "1a8c624": WITHOUT_AWAITING,
    "de7b424": {},
}

DECODERS = {
    "chat": decode_batch,
    "event": decode_batch,
    "gap": decode_batch,
    "envelope": decode_envelope,
    "acknowledgement": decode_acknowledgement,
    "announcement": decode_announcement,
    "presence": decode_presence,
}


@pytest.mark.parametrize("release", RELEASES)
def test_frames_of_an_earlier_release_are_decoded(release: str) -> None:
    """Readers and publisher are not updated at the same moment, and outboxes hold batches."""
    expected = VALUES | LACKED[release]
    for name, frame in FRAMES[release].items():
        decode: Any = DECODERS[name]
        assert decode(bytes.fromhex(frame)) == expected[name], name


def test_frames_are_encoded_as_recorded() -> None:
    """Earlier releases can read these, which was tried with their code when they were recorded."""
    encoded = {name: encode_frame(value).hex() for name, value in VALUES.items()}
    assert encoded == FRAMES[RELEASES[-1]]


@pytest.mark.parametrize("release", RELEASES)
def test_an_earlier_release_finds_its_fields_in_frames_of_today(release: str) -> None:
    """They come first, in the same order and with the same types; it ignores the others."""
    for name, frame in FRAMES[release].items():
        if name in {"chat", "gap"}:
            continue
        earlier = msgspec.msgpack.decode(bytes.fromhex(frame)[1:])
        today = msgspec.msgpack.decode(encode_frame(VALUES[name])[1:])
        assert today[: len(earlier)] == earlier, name
    [kind, records] = msgspec.msgpack.decode(bytes.fromhex(FRAMES[release]["chat"])[1:])
    [kind_today, records_today] = msgspec.msgpack.decode(encode_frame(CHAT)[1:])
    assert kind_today == kind
    assert [today[: len(record)] for record, today in zip(records, records_today, strict=True)] == (
        records
    )


def test_topics_are_those_of_earlier_releases() -> None:
    """Readers subscribe to them at a publisher of any release."""
    assert acknowledgement_topic("xqc/1") == b"reader xqc/1\0"
    assert announcement_topic("xqc/1") == b"session xqc/1\0"


def test_a_token_file_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    """As the code of 69aa55b has written it."""
    path = tmp_path / "tokenStore.json"
    _write(
        path,
        """{
  "version": 1,
  "access_token": "access0123",
  "refresh_token": "refresh0123",
  "login": "ann",
  "user_id": "5",
  "client_id": "client0123",
  "scopes": [
    "chat:read"
  ],
  "obtained_at": 1700000000.5,
  "expires_at": 1700014400.5
}
""",
    )
    assert read_token(path) == StoredToken(
        access_token="access0123",
        refresh_token="refresh0123",
        login="ann",
        user_id="5",
        client_id="client0123",
        scopes=["chat:read"],
        obtained_at=1700000000.5,
        expires_at=1700014400.5,
    )


def test_keys_of_an_earlier_release_are_read(tmp_path: Path) -> None:
    """As the code of 86cad7c has written them."""
    public, secret = "662b5264" * 8, "eda07afc" * 8
    line = f'  "version": 1,\n  "public_key": "{public}"'
    _write(tmp_path / READERS_PAIR, f'{{\n{line},\n  "secret_key": "{secret}"\n}}\n')
    _write(tmp_path / "authorized" / "host-a.json", f"{{\n{line}\n}}\n")
    pair = read_pair(tmp_path / READERS_PAIR)
    assert pair
    assert (pair.public_key, pair.secret_key) == (public, secret)
    assert authorized_keys(tmp_path) == ({public: "host-a"}, [])


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    os.chmod(path, 0o600)
