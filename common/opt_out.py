"""OptOut: a record that says that somebody does not want to be recorded, in the topic of events."""

from __future__ import annotations

import msgspec


class OptOut(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="opt_out"):
    """
    Stores should erase what they have of this person.

    It names the person by id or by login name. The record's key is whichever it is.
    """

    #: Twitch's id of the user.
    user_id: str = ""
    #: The login name, lower case.
    username: str = ""
    #: When, Unix time in milliseconds.
    timestamp: int = 0


#: Encodes an OptOut as the UTF-8 JSON that goes to Kafka.
encode_opt_out = msgspec.json.Encoder().encode


class _Other(msgspec.Struct, tag_field="type", tag=""):
    """Nothing that is published: msgspec looks for `type` only where there are several."""


_decoder: msgspec.json.Decoder[OptOut | _Other] = msgspec.json.Decoder(OptOut | _Other)


def decode_opt_out(value: bytes) -> OptOut:
    """Decode that JSON. Raises msgspec.DecodeError if it is not an OptOut."""
    found = _decoder.decode(value)
    if isinstance(found, OptOut):
        return found
    raise msgspec.ValidationError("its type is not opt_out")
