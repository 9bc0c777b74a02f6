"""Errors that keep a reader out of its channel."""

from __future__ import annotations


class TwitchError(Exception):
    """Raised when the channel cannot be joined. The text gives the reason, for a person."""


class ConnectionFailedError(TwitchError):
    """Raised when Twitch cannot be reached, or disconnects before the channel is joined."""


class LoginRefusedError(TwitchError):
    """Raised when Twitch rejects the login, or a stored login cannot be used."""


class JoinRefusedError(TwitchError):
    """Raised when Twitch refuses the JOIN, or does not confirm it."""
