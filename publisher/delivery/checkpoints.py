"""
The records of the progress topic: what is published of each reader, and by which publisher.

1. A checkpoint's key is the reader's name. Its value has the last position that is published.
2. A claim's key is not a reader's name. Its value says which publisher took the transactional.id.
3. The topic is compacted: the last record of each key counts. A tombstone removes the key.
4. A checkpoint that is lower than one before it does not count: what is published stays published.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from publisher.link.sequence import Position

VERSION = 1

#: A reader's name has no space in it.
_CLAIM_KEY = "publisher "


class ForeignRecordError(Exception):
    """Raised when a record has another format. The text says which record."""


#: A record of another version cannot be interpreted.
_Version = Annotated[int, msgspec.Meta(ge=VERSION, le=VERSION)]


class Checkpoint(msgspec.Struct, frozen=True):
    """All records of a reader are published, up to and including `seq`."""

    version: _Version
    seq: Annotated[int, msgspec.Meta(ge=1)]
    #: The incarnation that gave `seq`; 0 if unknown, as in a checkpoint of an older version.
    incarnation: Annotated[int, msgspec.Meta(ge=0)] = 0


class Claim(msgspec.Struct, frozen=True):
    """From this record on, the transactional.id belongs to the publisher with this session."""

    version: _Version
    session: str
    host: str
    process: int


_decode_checkpoint = msgspec.json.Decoder(Checkpoint).decode
_decode_claim = msgspec.json.Decoder(Claim).decode


@dataclass
class Standing:
    """The content of the progress topic."""

    #: The highest published position, by reader.
    checkpoints: dict[str, Position] = field(default_factory=dict)
    #: The last claim, by transactional.id.
    claims: dict[str, Claim] = field(default_factory=dict)

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Apply the next record of the topic. Raises ForeignRecordError."""
        name = (key or b"").decode("utf-8", "replace")
        try:
            if name.startswith(_CLAIM_KEY):
                transactional_id = name.removeprefix(_CLAIM_KEY)
                self.claims.pop(transactional_id, None)
                if value is not None:
                    self.claims[transactional_id] = _decode_claim(value)
            elif value is None:
                self.checkpoints.pop(name, None)
            else:
                checkpoint = _decode_checkpoint(value)
                position = Position(checkpoint.seq, checkpoint.incarnation)
                earlier = self.checkpoints.get(name)
                if earlier is None or position.seq >= earlier.seq:
                    self.checkpoints[name] = position
        except msgspec.MsgspecError as error:
            raise ForeignRecordError(f"a record with the key {name!r}: {error}") from None


def encode_checkpoint(position: Position) -> bytes:
    """Return the value of a checkpoint."""
    return msgspec.json.encode(Checkpoint(VERSION, *position))


def claim_key(transactional_id: str) -> bytes:
    """Return the key of the claims to *transactional_id*."""
    return f"{_CLAIM_KEY}{transactional_id}".encode()


def encode_claim(session: str) -> bytes:
    """Return the value of a claim of this process."""
    return msgspec.json.encode(Claim(VERSION, session, socket.gethostname(), os.getpid()))
