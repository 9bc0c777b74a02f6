"""
How the text of a setting becomes its value. Each function raises ValueError with what the text
should have been ("a port number, 1 to 65535"), never with the text itself: it may be a secret.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from common.logs import LEVELS

_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_TOKEN = re.compile(r"[a-zA-Z0-9]+")
_LOGIN = re.compile(r"[a-z0-9_]{1,25}")
_SCOPE = re.compile(r"[a-z_:]+")
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_KEY = re.compile(r"[0-9a-f]{64}")
_ENDPOINT = re.compile(r"tcp://(\*|[^*:/\s]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})|ipc://.+")


def text(value: str) -> str:
    """Return *value*, which must not be empty."""
    if not value:
        raise ValueError("some text")
    return value


def words(value: str) -> tuple[str, ...]:
    """Return the comma-separated words of *value*, of which there may be none."""
    return tuple(word.strip() for word in value.split(",") if word.strip())


def boolean(value: str) -> bool:
    """Return whether *value* means yes."""
    folded = value.lower()
    if folded not in _TRUE | _FALSE:
        raise ValueError("true or false")
    return folded in _TRUE


def positive_integer(value: str) -> int:
    """Return *value* as a number from 1."""
    if not value.isascii() or not value.isdigit() or len(value) > 18 or int(value) < 1:
        raise ValueError("a whole number from 1")
    return int(value)


def port(value: str) -> int:
    """Return *value* as a TCP port number."""
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:6]) <= 65535:
        raise ValueError("a port number, 1 to 65535")
    return int(value)


def login(value: str) -> str:
    """Return *value* as a Twitch login name, lower case; nothing stays nothing."""
    folded = value.lower().removeprefix("#")
    if folded and not _LOGIN.fullmatch(folded):
        raise ValueError("a Twitch login name: letters, digits and _, at most 25")
    return folded


def oauth_token(value: str) -> str:
    """Return the access token in *value*, without the `oauth:` that may stand before it."""
    token = value.removeprefix("oauth:")
    if value and not _TOKEN.fullmatch(token):
        raise ValueError("oauth: and the token itself, letters and digits, with no space or quote")
    return token


def client_key(value: str) -> str:
    """Return *value* as the id or the secret of a Twitch application; nothing stays nothing."""
    if value and not _TOKEN.fullmatch(value):
        raise ValueError("letters and digits, with no space or quote")
    return value


def redirect_uri(value: str) -> str:
    """Return *value* as the address that Twitch sends a browser back to."""
    if not _is_web_address(value):
        raise ValueError("an address such as http://localhost:3000/auth/callback")
    return value


def scopes(value: str) -> tuple[str, ...]:
    """Return *value* as Twitch scopes."""
    found = tuple(value.replace("+", " ").split())
    if not found or not all(_SCOPE.fullmatch(scope) for scope in found):
        raise ValueError("Twitch scopes with spaces between them, such as chat:read")
    return found


def auth_url(value: str) -> str:
    """Return *value* as the address of an OAuth server, which nobody on the way may listen to."""
    url = value.rstrip("/")
    if not _is_web_address(url) or not (url.startswith("https:") or is_loopback(url)):
        raise ValueError("an address that begins with https://, or one of this machine")
    return url


def is_loopback(url: str) -> bool:
    """Return whether *url* leads to this machine by way of its loopback interface."""
    return _LOOPBACK.fullmatch(urlsplit(url).hostname or "") is not None


def _is_web_address(value: str) -> bool:
    # urlsplit drops line breaks, and says nothing about a port before it is asked for it.
    if re.search(r"[\s#?]", value):
        return False
    try:
        url = urlsplit(value)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def endpoints(value: str) -> tuple[str, ...]:
    """Return *value* as ZeroMQ endpoints to connect to, one or several."""
    found = words(value)
    if not found or not all(_can_be_connected_to(endpoint) for endpoint in found):
        raise ValueError(
            "a ZeroMQ endpoint to connect to, such as tcp://127.0.0.1:5557, or several with commas"
        )
    return found


def _can_be_connected_to(endpoint: str) -> bool:
    return _is_endpoint(endpoint) and not endpoint.startswith("tcp://*") and endpoint[-2:] != ":0"


def bind_endpoint(value: str) -> str:
    """Return *value* as a ZeroMQ endpoint to listen on: any host may be `*`, any port 0."""
    if not _is_endpoint(value):
        raise ValueError("a ZeroMQ endpoint to listen on, such as tcp://127.0.0.1:5557")
    return value


def _is_endpoint(value: str) -> bool:
    found = _ENDPOINT.fullmatch(value)
    return found is not None and int(found["port"] or 0) <= 65535


def public_keys(value: str) -> tuple[str, ...]:
    """Return *value* as public keys of the link, of which there may be none."""
    keys = words(value.lower())
    if not all(_KEY.fullmatch(key) for key in keys):
        raise ValueError(
            "the 64 hexadecimal digits that `python -m common.keys publisher` prints, or several"
            " of these with commas"
        )
    return keys


def brokers(value: str) -> str:
    """Return *value* as Kafka's bootstrap servers, or `embedded`."""
    if not words(value):
        raise ValueError("host:port, or several of them with commas, or embedded")
    return ",".join(words(value))


def topic(value: str) -> str:
    """Return *value* as the name of a Kafka topic."""
    if not _TOPIC.fullmatch(value) or value in {".", ".."}:
        raise ValueError("a Kafka topic: letters, digits, '.', '_' and '-', at most 249")
    return value


def delivery(value: str) -> str:
    """Return *value* as the name of a delivery guarantee."""
    if value.lower() not in {"at-least-once", "exactly-once"}:
        raise ValueError("at-least-once or exactly-once")
    return value.lower()


def log_level(value: str) -> str:
    """Return *value* as the name of a log level."""
    if value.lower() not in LEVELS:
        raise ValueError("debug, info, warn or error")
    return value.lower()


def log_format(value: str) -> str:
    """Return *value* as the name of a log format."""
    if value.lower() not in {"text", "json"}:
        raise ValueError("text or json")
    return value.lower()
