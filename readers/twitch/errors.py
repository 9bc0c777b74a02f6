"""What can keep a reader out of its channel."""

from __future__ import annotations


class TwitchError(Exception):
    """Raised when the channel cannot be entered. The text says why, for a person to read."""


class ConnectionFailedError(TwitchError):
    """Raised when Twitch cannot be reached, or goes away before the channel is entered."""


class LoginRefusedError(TwitchError):
    """Raised when Twitch does not accept the login."""


class JoinRefusedError(TwitchError):
    """Raised when Twitch does not let us into the channel, or does not confirm that it did."""
