"""Strategies for IRC lines, chat texts and emotes, and functions that encode lines as bytes."""

from __future__ import annotations

from hypothesis import assume, settings
from hypothesis import strategies as st

#: More examples than usual, and no deadline: these tests do not measure speed.
thorough = settings(max_examples=300)

_ESCAPES = {";": r"\:", " ": r"\s", "\\": r"\\", "\r": r"\r", "\n": r"\n"}

_LINE_ENDS = "\r\n"


def escape_tag(value: str) -> str:
    """Escape a tag's value as https://ircv3.net/specs/extensions/message-tags says."""
    return "".join(_ESCAPES.get(character, character) for character in value)


def irc_line(tags: dict[str, str], source: str, command: str, params: list[str]) -> bytes:
    """Return a line without a line end. *tags* are not escaped yet."""
    words = [command, *params[:-1], *(f":{last}" for last in params[-1:])]
    if source:
        words.insert(0, f":{source}")
    if tags:
        pairs = (f"{name}={escape_tag(value)}" for name, value in tags.items())
        words.insert(0, "@" + ";".join(pairs))
    return " ".join(words).encode()


def changed_line(data: st.DataObject, raw: bytes, put: bytes) -> bytes:
    """Return *raw* with *put* for up to 12 bytes of it, if no tag appears twice in that."""
    start = data.draw(st.integers(0, len(raw)))
    stop = data.draw(st.integers(start, min(len(raw), start + 12)))
    changed = raw[:start] + put + raw[stop:]
    names = [tag.partition(b"=")[0] for tag in changed.partition(b" ")[0][1:].split(b";")]
    assume(len(names) == len(set(names)))
    return changed


# Characters with a meaning in IRC, a space without one, and an astral character.
_SPECIAL = " :;=@\\\u3000\U0001f602"


def _text(excluded: str = "", min_size: int = 0) -> st.SearchStrategy[str]:
    special = [character for character in _SPECIAL if character not in excluded]
    any_character = st.characters(codec="utf-8", exclude_characters=excluded)
    return st.text(st.one_of(any_character, st.sampled_from(special)), min_size=min_size)


tag_names = st.from_regex(r"\+?([a-z]{1,8}\.[a-z]{2,3}/)?[A-Za-z0-9-]{1,12}", fullmatch=True)
tags = st.dictionaries(tag_names, _text())
words = _text(excluded=f" {_LINE_ENDS}", min_size=1)
sources = st.one_of(st.just(""), words)
commands = st.from_regex(r"[A-Z]{1,12}|[0-9]{3}", fullmatch=True)
texts = _text(excluded=_LINE_ENDS)
params = st.builds(
    lambda middle, last: [*middle, *last],
    st.lists(words.filter(lambda word: not word.startswith(":"))),
    st.lists(texts, max_size=1),
)

ids = st.from_regex(r"[1-9][0-9]{0,11}", fullmatch=True)
logins = st.from_regex(r"[a-z0-9][a-z0-9_]{0,24}", fullmatch=True)
timestamps = st.integers(min_value=1, max_value=2**63 - 1)

emote_ids = {"Kappa": "25", "<3": "9", ":)": "1", "catJAM": "emotesv2_5d5094", "pajaM_TK": "30_TK"}
emotes = st.sampled_from(sorted(emote_ids))


def emotes_tag(uses: list[tuple[str, int]]) -> str:
    """Return the `emotes` tag of *uses* (name, start), grouped by emote as Twitch does."""
    ranges: dict[str, list[str]] = {}
    for name, start in uses:
        ranges.setdefault(emote_ids[name], []).append(f"{start}-{start + len(name) - 1}")
    return "/".join(f"{emote_id}:{','.join(places)}" for emote_id, places in ranges.items())


@st.composite
def texts_with_emotes(draw: st.DrawFn) -> tuple[str, list[tuple[str, int]]]:
    """Draw a text and its emotes (name, start), in the order of the text."""
    text = draw(texts)
    uses: list[tuple[str, int]] = []
    for name in draw(st.lists(emotes, max_size=8)):
        uses.append((name, len(text)))
        # Any text may follow: an emote need not have spaces around it.
        text += name + draw(texts)
    return text, uses


#: Names of the parameters of notices.
_PARAMS = (
    *("sub-plan", "sub-plan-name", "multimonth-duration", "cumulative-months", "streak-months"),
    *("should-share-streak", "was-gifted", "anon-gift", "gifter-id", "gifter-login", "gifter-name"),
    *("gift-months", "gift-month-being-redeemed", "recipient-id", "recipient-user-name", "months"),
    *("recipient-display-name", "sender-count", "community-gift-id", "mass-gift-count"),
    *("sender-login", "sender-name", "promo-name", "promo-gift-total", "prior-gifter-anonymous"),
    *("prior-gifter-id", "prior-gifter-user-name", "prior-gifter-display-name", "login", "color"),
    *("displayName", "viewerCount", "profileImageURL", "threshold", "category", "value", "id"),
    *("copoReward", "charity-name", "donation-amount", "exponent", "donation-currency"),
    *("current-badge-level", "goal-contribution-type", "goal-description", "unheard-of"),
    *("goal-current-contributions", "goal-target-contributions", "goal-user-contributions"),
)
#: Names of the other tags of notices.
_NOTICE_TAGS = (
    *("badge-info", "badges", "color", "display-name", "emotes", "flags", "id", "login", "mod"),
    *("room-id", "source-badge-info", "source-badges", "source-id", "source-only", "vip"),
    *("source-room-id", "subscriber", "system-msg", "tmi-sent-ts", "turbo", "user-id", "user-type"),
)
_notice_values = st.one_of(
    st.sampled_from(
        ["", "0", "1", "true", "false", "Prime", "1000", "watch-streak", "PRIMARY", "25:0-4"]
    ),
    st.sampled_from(["274598607", "ananonymousgifter", "subscriber/12,vip/1", "9" * 30, "-1"]),
    st.integers().map(str),
    texts,
)


def notice_tags(msg_ids: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    """Draw the tags of a notice, not escaped yet: any of them, with any values."""
    names = st.one_of(
        st.sampled_from([*_NOTICE_TAGS, *(f"msg-param-{name}" for name in _PARAMS)]), tag_names
    )
    return st.builds(
        lambda tags, msg_id, source: tags | {"msg-id": msg_id} | source,
        st.dictionaries(names, _notice_values, max_size=15),
        st.one_of(msg_ids, st.just("sharedchatnotice")),
        st.one_of(st.just({}), msg_ids.map(lambda msg_id: {"source-msg-id": msg_id})),
    )
