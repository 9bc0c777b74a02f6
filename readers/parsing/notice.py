"""Notice: the parameters of a USERNOTICE, as the functions in notice_payloads.py read them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from readers.parsing.numbers import whole_number

#: The account that Twitch names as the giver of anonymous gifts.
_ANONYMOUS_GIFTER_ID = "274598607"
_ANONYMOUS_GIFTER_LOGIN = "ananonymousgifter"

_TRUE = {"1", "true"}


class User(NamedTuple):
    """Somebody whom a notice names. None stands for what Twitch did not send."""

    id: str | None = None
    login: str | None = None
    name: str | None = None

    @property
    def is_anonymous_gifter(self) -> bool:
        """Whether it is Twitch's account for anonymous gifts."""
        return self.id == _ANONYMOUS_GIFTER_ID or self.login == _ANONYMOUS_GIFTER_LOGIN


# gc=False for the same reason as in IrcMessage.
class Notice(msgspec.Struct, frozen=True, gc=False):
    """What a notice says, besides who did it and what they typed. Its functions never raise."""

    #: Twitch's name of the type; of a notice from another channel, its name there.
    msg_id: str
    #: The tags `msg-param-*`: names without that prefix, values unescaped.
    params: dict[str, str]
    #: Twitch's id of the user who did it; empty if it is missing, or the user anonymous.
    user_id: str
    #: Whether that user wants to be unknown.
    is_anonymous: bool

    def text(self, name: str) -> str | None:
        """Return a parameter, None if it is missing or empty."""
        return self.params.get(name) or None

    def number(self, name: str) -> int | None:
        """Return a parameter that is a whole number from 0, else None."""
        return whole_number(self.params.get(name, ""))

    def flag(self, name: str) -> bool:
        """Return whether a parameter is true."""
        return self.params.get(name) in _TRUE

    def user(self, *, login: str, name: str, user_id: str = "") -> User:
        """Return the user whom the parameters with these names describe."""
        sent = self.text(login)
        return User(self.text(user_id), sent.lower() if sent else None, self.text(name))
