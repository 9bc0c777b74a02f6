"""
The records of the progress topic: how far each reader has got, and which publisher is at work.

1. A mark has the reader's name as its key, and says the seq up to which everything is published.
2. A claim has a key that is no reader's name, and says which publisher took the transactional id.
3. The topic is compacted: of each key, the last record counts. One without a value is void.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

VERSION = 1

#: A reader's name has no space in it.
_CLAIM_KEY = "publisher "


class ForeignRecordError(Exception):
    """Raised when a record is none of ours; the text says which."""


#: Of another version we would not know what it means.
_Version = Annotated[int, msgspec.Meta(ge=VERSION, le=VERSION)]


class Checkpoint(msgspec.Struct, frozen=True):
    """Everything of a reader is published, up to and including record `seq`."""

    version: _Version
    seq: Annotated[int, msgspec.Meta(ge=1)]


class Claim(msgspec.Struct, frozen=True):
    """Since this record, a transactional id is the publisher's that has this session."""

    version: _Version
    session: str
    host: str
    process: int


_decode_checkpoint = msgspec.json.Decoder(Checkpoint).decode
_decode_claim = msgspec.json.Decoder(Claim).decode


@dataclass
class Standing:
    """What the progress topic says as a whole."""

    #: The last published seq, by reader.
    checkpoints: dict[str, int] = field(default_factory=dict)
    #: The publisher at work, by transactional id.
    claims: dict[str, Claim] = field(default_factory=dict)

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Take the next record of the topic. Raises ForeignRecordError."""
        name = (key or b"").decode("utf-8", "replace")
        try:
            if name.startswith(_CLAIM_KEY):
                transactional_id = name.removeprefix(_CLAIM_KEY)
                self.claims.pop(transactional_id, None)
                if value is not None:
                    self.claims[transactional_id] = _decode_claim(value)
            else:
                self.checkpoints.pop(name, None)
                if value is not None:
                    self.checkpoints[name] = _decode_checkpoint(value).seq
        except msgspec.MsgspecError as error:
            raise ForeignRecordError(f"a record with the key {name!r}: {error}") from None


def encode_checkpoint(seq: int) -> bytes:
    """Return the value of a mark."""
    return msgspec.json.encode(Checkpoint(VERSION, seq))


def claim_key(transactional_id: str) -> bytes:
    """Return the key of the claims to *transactional_id*."""
    return f"{_CLAIM_KEY}{transactional_id}".encode()


def encode_claim(session: str) -> bytes:
    """Return the value of a claim of this process."""
    return msgspec.json.encode(Claim(VERSION, session, socket.gethostname(), os.getpid()))
