"""
Parses the values of settings. On failure, each function raises ValueError with what the value
should be ("a port number, 1 to 65535"), never with the value itself: it may be a secret.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from common.command_line import command
from common.logs import LEVELS

_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_TOKEN = re.compile(r"[a-zA-Z0-9]+")
_LOGIN = re.compile(r"[a-z0-9_]{1,25}")
_SCOPE = re.compile(r"[a-z_:]+")
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_KEY = re.compile(r"[0-9a-f]{64}")
_BROKER = re.compile(r"([a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\])(:(?P<port>\d{1,5}))?", re.ASCII)
_HOST = re.compile(r"[a-zA-Z0-9._-]+|[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F.]*(%\w+)?", re.ASCII)
_ENDPOINT = re.compile(r"tcp://(\*|[^*:/\s]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})|ipc://.+")
_IPC = "ipc://"
#: Without a bound, Python's int() refuses a long text with an error of its own.
_MOST_DIGITS = 18
#: The longest path of a Unix socket, without the closing NUL: `sun_path` in unix(7).
_LONGEST_SOCKET_PATH = 107


def text(value: str) -> str:
    """Return *value*, which must not be empty."""
    if not value:
        raise ValueError("some text")
    return value


def words(value: str) -> tuple[str, ...]:
    """Return the comma-separated words of *value*, possibly none."""
    return tuple(word.strip() for word in value.split(",") if word.strip())


def boolean(value: str) -> bool:
    """Return *value* as a boolean."""
    folded = value.lower()
    if folded not in _TRUE | _FALSE:
        raise ValueError("true or false")
    return folded in _TRUE


@dataclass(frozen=True)
class WholeNumber:
    """Parses a whole number from *minimum* to *maximum*."""

    minimum: int
    maximum: int
    #: What the number is.
    kind: str = "a whole number"

    def __call__(self, value: str) -> int:
        """Return *value* as an integer."""
        digits = value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
        if not digits or not self.minimum <= int(value) <= self.maximum:
            raise ValueError(f"{self.kind}, {self.minimum} to {self.maximum}")
        return int(value)


port = WholeNumber(1, 65535, "a port number")
#: Kafka's protocol has 16 bits for it.
_replication = WholeNumber(1, 32767)


def path(value: str) -> Path:
    """Return *value* as a path. `~` is the home folder, as in a shell."""
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("a path; the home folder that ~ stands for is not known") from None


def login(value: str) -> str:
    """Return *value* as a Twitch login name in lower case; it may be empty."""
    folded = value.lower().removeprefix("#")
    if folded and not _LOGIN.fullmatch(folded):
        raise ValueError("a Twitch login name: letters, digits and _, at most 25")
    return folded


def oauth_token(value: str) -> str:
    """Return the access token in *value*, without the optional prefix `oauth:`; it may be empty."""
    token = value.removeprefix("oauth:")
    if value and not _TOKEN.fullmatch(token):
        raise ValueError("oauth: and the token, letters and digits, without spaces or quotes")
    return token


def client_key(value: str) -> str:
    """Return *value* as the client id or secret of a Twitch application; it may be empty."""
    if value and not _TOKEN.fullmatch(value):
        raise ValueError("letters and digits, without spaces or quotes")
    return value


def redirect_uri(value: str) -> str:
    """Return *value* as the URL to which Twitch redirects a browser."""
    if not _is_web_address(value):
        raise ValueError("a URL such as http://localhost:3000/auth/callback")
    return value


def scopes(value: str) -> tuple[str, ...]:
    """Return *value* as Twitch scopes, at least one."""
    found = tuple(value.replace("+", " ").split())
    if not found or not all(_SCOPE.fullmatch(scope) for scope in found):
        raise ValueError("space-separated Twitch scopes, such as chat:read")
    return found


def host(value: str) -> str:
    """Return *value* as a host name or an IP address."""
    if not _HOST.fullmatch(value):
        raise ValueError("a host name, such as irc.chat.twitch.tv, without https:// and port")
    return value


def auth_url(value: str) -> str:
    """Return *value* as the base URL of an OAuth server: https, or http on loopback."""
    url = value.rstrip("/")
    if not _is_web_address(url) or not (url.startswith("https:") or is_loopback(url)):
        raise ValueError("a URL that begins with https://, or a loopback URL")
    return url


def is_loopback(url: str) -> bool:
    """Return whether the host of *url* is a loopback address or localhost."""
    return is_loopback_host(urlsplit(url).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Return whether *host* is a loopback address or localhost."""
    return _LOOPBACK.fullmatch(host.lower()) is not None


def _is_web_address(value: str) -> bool:
    # urlsplit removes line breaks, and checks the port only when it is read.
    if re.search(r"[\s#?]", value):
        return False
    try:
        url = urlsplit(value)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def endpoints(value: str) -> tuple[str, ...]:
    """Return *value* as one or more ZeroMQ endpoints to connect to."""
    found = words(value)
    if not found or not all(_can_be_connected_to(endpoint) for endpoint in found):
        raise ValueError(
            "a ZeroMQ endpoint to connect to, such as tcp://127.0.0.1:5557, or several,"
            " comma-separated"
        )
    return tuple(_usable(endpoint) for endpoint in found)


def _can_be_connected_to(endpoint: str) -> bool:
    return _is_endpoint(endpoint) and not endpoint.startswith("tcp://*") and endpoint[-2:] != ":0"


def bind_endpoint(value: str) -> str:
    """Return *value* as a ZeroMQ endpoint to bind. The host may be `*` and the port 0: any."""
    if not _is_endpoint(value):
        raise ValueError("a ZeroMQ endpoint to listen on, such as tcp://127.0.0.1:5557")
    return _usable(value)


def _is_endpoint(value: str) -> bool:
    found = _ENDPOINT.fullmatch(value)
    return found is not None and int(found["port"] or 0) <= 65535


def _usable(endpoint: str) -> str:
    """Return *endpoint*, of a Unix socket with the home folder for `~`."""
    if not endpoint.startswith(_IPC):
        return endpoint
    socket = str(path(endpoint.removeprefix(_IPC)))
    if len(os.fsencode(socket)) > _LONGEST_SOCKET_PATH:
        raise ValueError(f"ipc:// and a path of at most {_LONGEST_SOCKET_PATH} bytes")
    return _IPC + socket


def public_keys(value: str) -> tuple[str, ...]:
    """Return *value* as public keys of the link, possibly none."""
    keys = words(value.lower())
    if not all(_KEY.fullmatch(key) for key in keys):
        raise ValueError(
            f"the 64 hexadecimal digits that `{command('keys', 'publisher')}` prints, or several"
            " keys, comma-separated"
        )
    return keys


def brokers(value: str) -> str:
    """Return *value* as Kafka's bootstrap servers, or `embedded`."""
    if value.lower() == "embedded":
        return "embedded"
    found = words(value)
    if not found or not all(_is_broker(broker) for broker in found):
        raise ValueError(
            "host:port, such as localhost:9092 or [::1]:9092, or several, comma-separated, without"
            " quotes, brackets or http://; or embedded"
        )
    return ",".join(found)


def _is_broker(value: str) -> bool:
    found = _BROKER.fullmatch(value)
    # librdkafka takes 9092 if there is no port, and any number modulo 65536.
    return found is not None and 1 <= int(found["port"] or 9092) <= 65535 and value != "embedded"


def topic(value: str) -> str:
    """Return *value* as the name of a Kafka topic."""
    if not _TOPIC.fullmatch(value) or value in {".", ".."}:
        raise ValueError("a Kafka topic: letters, digits, '.', '_' and '-', at most 249")
    return value


def optional_topic(value: str) -> str:
    """Return *value* as the name of a Kafka topic, or as nothing."""
    try:
        return topic(value) if value else ""
    except ValueError as error:
        raise ValueError(f"{error}; or nothing") from None


def replication(value: str) -> int | None:
    """Return *value* as a replication factor; None if it is empty."""
    if not value:
        return None
    try:
        return _replication(value)
    except ValueError as error:
        raise ValueError(f"{error}, or nothing for the cluster's default") from None


def message_fields(value: str) -> str:
    """Return *value* as the name of a set of fields of messages."""
    if value.lower() not in {"basic", "extended"}:
        raise ValueError("basic or extended")
    return value.lower()


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
