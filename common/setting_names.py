"""The names of settings: what is misspelt, and what stands for a property of librdkafka."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping

#: A variable of the environment with one of these prefixes is probably meant for us.
_FAMILIES = ("TWITCH_", "KAFKA_", "PUBLISHER_", "OUTBOX_", "MONITOR_", "METRICS_")
#: Names that begin so are not settings of ours, but correct.
_OTHERS = ("KAFKA_CONF_", "KAFKA_TEST_")

#: How similar a name of another kind must be to one of ours, from 0 to 1. LOGLEVEL is to LOG_LEVEL
#: (0.94), STATE_DIRECTORY, which systemd sets, is not to STATE_DIR (0.75).
_SIMILAR = 0.85

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")

#: librdkafka's properties that hold a password or a private key.
_PASSWORD = re.compile(r"KAFKA_CONF_\w*(PASS|SECRET|KEY_PEM|OAUTHBEARER_CONFIG)")


def properties(settings: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return what the *settings* with *prefix* set: SASL_USERNAME after it is `sasl.username`."""
    return {
        _property(name.removeprefix(prefix)): value
        for name, value in settings.items()
        if name.startswith(prefix)
    }


def _property(name: str) -> str:
    folded = name.lower()
    # The only librdkafka property whose name contains an underscore.
    return folded if folded == "log_level" else folded.replace("_", ".")


def holds_password(name: str) -> bool:
    """Return whether the variable *name* sets a secret property of librdkafka."""
    return _PASSWORD.match(name) is not None


def unknown_in_environment(names: Iterable[str], known: Collection[str]) -> list[str]:
    """
    Return a text for each of *names* that is probably a misspelt one of *known*.

    The environment contains many variables of other programs: they are not in the result.
    """
    texts = []
    for name in sorted(_unknown(names, known)):
        if name.startswith(_FAMILIES):
            texts.append(_unknown_name(name, _nearest(name, known)))
        elif nearest := _nearest(name, _of_same_kind(name, known), _SIMILAR):
            texts.append(_unknown_name(name, nearest))
    return texts


def unknown_in_file(places: Mapping[str, str], known: Collection[str]) -> list[str]:
    """Return a text for each name in *places* that is not in *known*; the values are the places."""
    texts = []
    for name in _unknown(places, known):
        nearest = _nearest(name.upper(), known)
        if nearest or _NAME.fullmatch(name):
            texts.append(_unknown_name(f"{name} in {places[name]}", nearest))
        else:
            # Perhaps it is a line of a key or a certificate: that must not get into a log.
            texts.append(f"{places[name]} sets no setting and is ignored")
    return texts


def _unknown(names: Iterable[str], known: Collection[str]) -> list[str]:
    return [name for name in names if name not in known and not name.startswith(_OTHERS)]


def _of_same_kind(name: str, known: Iterable[str]) -> list[str]:
    # Each reader does this for each variable: comparing it with all names would take 3 ms.
    return [one for one in known if one[:1] == name[:1] and abs(len(one) - len(name)) <= 2]


def _nearest(name: str, known: Collection[str], similarity: float = 0.6) -> str:
    if not known:
        # difflib would cost each reader 0.3 MiB of memory that it shares with others until then.
        return ""
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=similarity)), "")


def _unknown_name(name: str, nearest: str) -> str:
    hint = f"; did you mean {nearest}?" if nearest else ""
    return f"{name} is set, but no setting has this name{hint}"
