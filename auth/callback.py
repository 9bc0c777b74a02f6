"""Extracts the authorization code from the URL to which Twitch redirects the browser."""

from __future__ import annotations

import re
import secrets
from urllib.parse import parse_qsl, urlsplit

from auth.errors import LoginFailedError
from auth.responses import refusal

_CODE = re.compile(r"[a-zA-Z0-9]+")


def has_state(query: str, state: str) -> bool:
    """Return whether *query* contains *state*, which only Twitch knows, in constant time."""
    found = dict(parse_qsl(query)).get("state", "")
    return secrets.compare_digest(found.encode(), state.encode())


def code_from_query(query: str, state: str) -> str:
    """
    Return the code in *query*, the query string of the URL that Twitch redirected to.

    *state* is the value that Twitch must return. Raises AuthError if the state differs, if Twitch
    reports an error, or if there is no code.
    """
    # Check this first: anybody can send a browser to our URL with a text of theirs.
    if not has_state(query, state):
        raise LoginFailedError(
            "the response does not belong to this login (its state differs): close other login"
            " windows and start again"
        )
    fields = dict(parse_qsl(query))
    if "error" in fields:
        raise refusal(f"{fields['error']}: {fields.get('error_description', '')}")
    if "code" not in fields:
        raise LoginFailedError("the response contains no code: start again")
    return fields["code"]


def code_from_paste(pasted: str, state: str) -> str:
    """
    Return the code in *pasted*, which is the code itself or the URL that contains it.

    Raises AuthError like `code_from_query`, and also if *pasted* is neither.
    """
    text = pasted.strip().strip("'\"")
    if _CODE.fullmatch(text):
        return text
    query = urlsplit(text).query
    if not query:
        raise LoginFailedError(
            "the text is neither a code nor the URL that the browser was redirected to: start"
            " again, and paste the whole URL from its address bar"
        )
    return code_from_query(query, state)
