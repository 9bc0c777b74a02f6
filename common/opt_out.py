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

#: Decodes that JSON. Raises msgspec.DecodeError if it is not an OptOut.
decode_opt_out = msgspec.json.Decoder(OptOut).decode
