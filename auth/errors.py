"""
What can go wrong with a login. Each text says what is wrong and what to do, for a person to read;
none ever holds a token, a code or a secret.
"""

from __future__ import annotations


class AuthError(Exception):
    """Raised when a login cannot be had, or kept."""


class TwitchUnreachableError(AuthError):
    """Raised when Twitch does not answer, or not sensibly: later it may."""


class RefusedError(AuthError):
    """Raised when Twitch says no, and would say it again."""


class ApplicationRefusedError(RefusedError):
    """Raised when Twitch does not accept the application: its id, secret or redirect URL."""


class GrantRefusedError(RefusedError):
    """Raised when a code or a refresh token is not accepted: a person has to log in anew."""


class TokenInvalidError(RefusedError):
    """Raised when an access token is not valid, or not any more."""


class PendingError(AuthError):
    """Raised when the person who is to authorize a device has not decided yet."""


class SlowDownError(PendingError):
    """Raised when we ask too often whether that person has decided."""


class LoginFailedError(AuthError):
    """Raised when a login is not what was asked for: denied, not ours, or of another account."""
