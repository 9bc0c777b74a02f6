"""What a chatter is called in the lines of `tail`."""

from __future__ import annotations


def chatter_name(display_name: str, login: str) -> str:
    """
    Return the name as shown, and the *login* behind it if the two have not the same letters.

    Moderators' events know the login only, so nobody could tell who is meant. Twitch does the same.
    """
    shown = display_name.strip() or login
    is_same = not login or shown.casefold() == login.casefold()
    return shown if is_same else f"{shown} ({login})"
