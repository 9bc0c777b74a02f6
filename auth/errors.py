"""
Errors of logins. Each text says what is wrong and what to do, for a person to read. No text ever
contains a token, a code or a secret.
"""

from __future__ import annotations


class AuthError(Exception):
    """Raised when a login cannot be obtained or kept valid."""


class TwitchUnreachableError(AuthError):
    """Raised when Twitch does not respond, or its response is unusable. A retry may succeed."""


class RefusedError(AuthError):
    """Raised when Twitch refuses a request, and would most likely refuse it again."""


class ApplicationRefusedError(RefusedError):
    """Raised when Twitch rejects the application: its client id, secret or redirect URL."""


class GrantRefusedError(RefusedError):
    """Raised when Twitch rejects a code or a refresh token: a person must log in again."""


class TokenInvalidError(RefusedError):
    """Raised when an access token is not valid, or no longer valid."""


class PendingError(AuthError):
    """Raised when a person has neither authorized nor denied the device yet."""


class SlowDownError(PendingError):
    """Raised when we poll Twitch too often for that decision."""


class LoginFailedError(AuthError):
    """Raised when a login cannot be completed: timeout, wrong state, wrong account or similar."""
