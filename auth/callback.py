"""What a browser brings back from Twitch's authorize page: a code, or why there is none."""

from __future__ import annotations

import re
import secrets
from urllib.parse import parse_qsl, urlsplit

from auth.errors import LoginFailedError
from auth.responses import refusal

_CODE = re.compile(r"[a-zA-Z0-9]+")


def code_from_query(query: str, state: str) -> str:
    """
    Return the code in the *query* of the address that Twitch led back to.

    *state* is what Twitch was to give back. Raises AuthError when there is no code, or one that was
    not asked for.
    """
    fields = dict(parse_qsl(query))
    if "error" in fields:
        raise refusal(f"{fields['error']}: {fields.get('error_description', '')}")
    if not secrets.compare_digest(fields.get("state", "").encode(), state.encode()):
        raise LoginFailedError(
            "the answer that came back does not belong to this login (its state is another one):"
            " close other windows of it, and begin anew"
        )
    if "code" not in fields:
        raise LoginFailedError("the answer that came back holds no code: begin anew")
    return fields["code"]


def code_from_paste(pasted: str, state: str) -> str:
    """
    Return the code that somebody has *pasted*: itself, or as part of the address it came in.

    Raises AuthError as `code_from_query` does, and when it is neither.
    """
    text = pasted.strip().strip("'\"")
    if _CODE.fullmatch(text):
        return text
    query = urlsplit(text).query
    if not query:
        raise LoginFailedError(
            "that is neither a code nor the address that the browser was led to: begin anew, and"
            " paste all of what its address bar shows"
        )
    return code_from_query(query, state)
