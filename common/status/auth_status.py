"""What auth tells about the login. Times are Unix milliseconds, 0 for never."""

from __future__ import annotations

import enum
from pathlib import Path

import msgspec

from common.status.reader_status import status_folder


class RenewalResult(enum.StrEnum):
    """How an attempt to renew the login ended."""

    OK = "ok"
    #: By Twitch.
    REFUSED = "refused"
    #: Twitch could not be reached.
    UNREACHABLE = "unreachable"


class AuthStatus(msgspec.Struct, array_like=True):
    """Auth's figures. Counts continue after a restart."""

    pid: int = 0
    written_ms: int = 0
    #: When the main loop turned last.
    turned_ms: int = 0
    #: The account's login name; empty while there is no login, and readers are anonymous.
    login: str = ""
    #: When the token ends; 0 also if it never does.
    expires_ms: int = 0
    #: Whether Twitch accepted the token when it was asked last.
    is_valid: bool = False
    #: When that was; 0 if it was not asked about this token yet.
    validated_ms: int = 0
    #: Why it is not valid, or cannot be renewed.
    problem: str = ""
    #: Attempts to renew the login, by RenewalResult.
    renewals: dict[str, int] = msgspec.field(
        default_factory=lambda: {result.value: 0 for result in RenewalResult}
    )


def auth_page(state_dir: Path) -> Path:
    """Return the path of auth's page."""
    return status_folder(state_dir) / "auth"
