"""
Settings, from environment variables and the `.env` file of the working directory. Environment
variables take precedence. Empty ones count as not set. All are checked before anything starts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from common import setting_values as values
from common.setting_names import properties, unknown_in_environment, unknown_in_file
from common.settings_file import SettingsFile, SettingsFileError, read_settings_file

KAFKA_CONF_PREFIX = "KAFKA_CONF_"
EMBEDDED = "embedded"
EXACTLY_ONCE = "exactly-once"

_NO_FILE = SettingsFile()
_SHOWN = 200  # characters of a wrong value, in an error
_USER = re.compile(r"[^\s,;/]*@")  # in an address: may include a password


class SettingsError(Exception):
    """Raised when settings are wrong. The text has one line per wrong setting."""


def _variable(
    name: str, default: str, read: Callable[[str], Any], help_text: str, *, secret: bool = False
) -> Any:
    """Return a dataclass field for the environment variable *name*, parsed by *read*."""
    about = {"name": name, "default": default, "read": read, "help": help_text, "secret": secret}
    return field(metadata=about, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """All settings of the service. Each process uses some of them."""

    twitch_channels: tuple[str, ...] = _variable(
        "TWITCH_CHANNELS",
        "",
        values.words,
        "channels to read in addition to channels.conf, separated by commas or spaces",
    )
    twitch_channel: tuple[str, ...] = _variable(
        "TWITCH_CHANNEL", "", values.words, "one channel to read in addition to channels.conf"
    )
    twitch_username: str = _variable(
        "TWITCH_USERNAME",
        "",
        values.login,
        "login name of the account that the token must belong to",
    )
    twitch_oauth_token: str = _variable(
        "TWITCH_OAUTH_TOKEN", "", values.oauth_token, "static access token, oauth:...", secret=True
    )
    twitch_client_id: str = _variable(
        "TWITCH_CLIENT_ID", "", values.client_key, "client id of your Twitch application"
    )
    twitch_client_secret: str = _variable(
        "TWITCH_CLIENT_SECRET",
        "",
        values.client_key,
        "client secret of the application; a Public one has none",
        secret=True,
    )
    twitch_redirect_uri: str = _variable(
        "TWITCH_REDIRECT_URI",
        "http://localhost:3000/auth/callback",
        values.redirect_uri,
        "OAuth redirect URL registered for the application",
    )
    twitch_scopes: tuple[str, ...] = _variable(
        "TWITCH_SCOPES", "chat:read", values.scopes, "scopes that a login requests, space-separated"
    )
    twitch_auth_port: int = _variable(
        "TWITCH_AUTH_PORT", "3000", values.port, "TCP port of the local server for browser logins"
    )
    twitch_token_store: Path = _variable(
        "TWITCH_TOKEN_STORE", "tokenStore.json", values.path, "path of the token file"
    )
    twitch_auth_url: str = _variable(
        "TWITCH_AUTH_URL",
        "https://id.twitch.tv/oauth2",
        values.auth_url,
        "base URL of Twitch's OAuth server",
    )
    twitch_irc_host: str = _variable(
        "TWITCH_IRC_HOST", "irc.chat.twitch.tv", values.host, "host name of the chat server"
    )
    twitch_irc_port: int = _variable(
        "TWITCH_IRC_PORT", "6697", values.port, "TCP port of the chat server"
    )
    twitch_irc_tls: bool = _variable(
        "TWITCH_IRC_TLS",
        "true",
        values.boolean,
        "true: connect with TLS and verify the certificate",
    )
    twitch_join_rate: int = _variable(
        "TWITCH_JOIN_RATE",
        "20",
        values.WholeNumber(1, 100_000),
        "joins per 10 s that Twitch allows the account; a verified bot: 2000",
    )
    publisher_endpoint: tuple[str, ...] = _variable(
        "PUBLISHER_ENDPOINT",
        "tcp://127.0.0.1:5557",
        values.endpoints,
        "addresses that readers send batches to, comma-separated; the first available one is used",
    )
    publisher_ack_endpoint: tuple[str, ...] = _variable(
        "PUBLISHER_ACK_ENDPOINT",
        "tcp://127.0.0.1:5558",
        values.endpoints,
        "addresses that readers receive acknowledgements from, in the order of PUBLISHER_ENDPOINT",
    )
    publisher_bind: str = _variable(
        "PUBLISHER_BIND",
        "tcp://127.0.0.1:5557",
        values.bind_endpoint,
        "address that the publisher receives batches on",
    )
    publisher_ack_bind: str = _variable(
        "PUBLISHER_ACK_BIND",
        "tcp://127.0.0.1:5558",
        values.bind_endpoint,
        "address that the publisher sends acknowledgements on",
    )
    publisher_public_key: tuple[str, ...] = _variable(
        "PUBLISHER_PUBLIC_KEY",
        "",
        values.public_keys,
        "public key of the publisher, 64 hex digits: readers encrypt and accept no other publisher;"
        " for several publishers, one key for all or one per address, comma-separated",
    )
    kafka_brokers: str = _variable(
        "KAFKA_BROKERS",
        "localhost:9092",
        values.brokers,
        "bootstrap servers host:port, comma-separated; or embedded: an in-memory cluster to try it",
    )
    kafka_topic_chat_messages: str = _variable(
        "KAFKA_TOPIC_CHAT_MESSAGES", "twitch-chat-messages", values.topic, "topic for chat messages"
    )
    kafka_topic_chat_gaps: str = _variable(
        "KAFKA_TOPIC_CHAT_GAPS", "twitch-chat-gaps", values.topic, "topic for gap records"
    )
    kafka_topic_dead_letters: str = _variable(
        "KAFKA_TOPIC_DEAD_LETTERS",
        "twitch-chat-dead-letters",
        values.topic,
        "topic for records that Kafka permanently rejects",
    )
    kafka_topic_progress: str = _variable(
        "KAFKA_TOPIC_PROGRESS",
        "twitch-chat-progress",
        values.topic,
        "exactly-once only: compacted topic for the checkpoint of each reader",
    )
    kafka_topic_partitions: int = _variable(
        "KAFKA_TOPIC_PARTITIONS",
        "6",
        values.WholeNumber(1, 10_000),
        "number of partitions of topics that the publisher creates",
    )
    kafka_client_id: str = _variable(
        "KAFKA_CLIENT_ID",
        "twitch-ingestion-service",
        values.text,
        "client.id, shown in Kafka's logs",
    )
    kafka_transactional_id: str = _variable(
        "KAFKA_TRANSACTIONAL_ID",
        "",
        str,
        "exactly-once only: transactional.id, unique per publisher; if empty, KAFKA_CLIENT_ID",
    )
    delivery: str = _variable(
        "DELIVERY",
        "at-least-once",
        values.delivery,
        "at-least-once, or exactly-once (for consumers with isolation.level=read_committed)",
    )
    deduplicate: bool = _variable(
        "DEDUPLICATE",
        "false",
        values.boolean,
        "true: publish a message once when readers on several hosts read the same channel",
    )
    state_dir: Path = _variable(
        "STATE_DIR", "var", values.path, "directory for outboxes and other durable state"
    )
    outbox_max_bytes: int = _variable(
        "OUTBOX_MAX_BYTES",
        str(1024**3),
        # The outbox needs room for several batches. SQLite's own limit is far above the maximum.
        values.WholeNumber(1024**2, 1024**4),
        "maximum size of each reader's outbox, in bytes; the oldest messages are evicted beyond it",
    )
    log_level: str = _variable("LOG_LEVEL", "info", values.log_level, "debug, info, warn or error")
    log_format: str = _variable(
        "LOG_FORMAT", "text", values.log_format, "text, or json (one object per line)"
    )
    app_env: str = _variable(
        "APP_ENV",
        "development",
        values.text,
        "name of this environment, shown in the publisher's first log line",
    )
    #: librdkafka properties from KAFKA_CONF_*: KAFKA_CONF_SASL_USERNAME sets `sasl.username`.
    kafka_properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Texts about suspicious but valid settings, to be logged once logging is configured.
    warnings: tuple[str, ...] = ()


def settings_file(directory: Path = Path()) -> SettingsFile:
    """Return the content of the `.env` file in *directory*. Raises SettingsError."""
    try:
        return read_settings_file(directory / ".env", _parser_of)
    except SettingsFileError as error:
        raise SettingsError(str(error)) from None


def read_environment(environment: Mapping[str, str], directory: Path = Path()) -> dict[str, str]:
    """
    Return *environment*, plus variables that only the `.env` file in *directory* sets.

    Variables that are empty are not in the result. Raises SettingsError.
    """
    return _merged(environment, settings_file(directory))


def read_settings(environment: Mapping[str, str], file: SettingsFile = _NO_FILE) -> Settings:
    """
    Return the settings in *environment* and in *file*, with defaults for the rest.

    Raises SettingsError with one line per invalid variable.
    """
    merged = _merged(environment, file)
    read: dict[str, Any] = {}
    errors = []
    for variable in _variables():
        about = variable.metadata
        value = merged.get(about["name"], about["default"]).strip()
        try:
            read[variable.name] = about["read"](value)
        except ValueError as error:
            holds = "a secret" if about["secret"] else repr(_USER.sub("***@", value)[:_SHOWN])
            errors.append(f"{about['name']} holds {holds}, but should hold {error}")
    if errors:
        raise SettingsError("\n".join(errors))
    warnings = (
        *file.warnings,
        *unknown_in_file(file.places, _PARSERS),
        *unknown_in_environment(environment, _PARSERS),
        *_missing_prefix(merged),
    )
    read["kafka_properties"] = properties(merged, KAFKA_CONF_PREFIX)
    return Settings(**read, warnings=warnings)


def settings_help() -> str:
    """Return the text about settings for `--help`: name, description and default of each."""
    lines = ["settings (environment variables, or .env in the working directory):"]
    for variable in _variables():
        about = variable.metadata
        default = f" [{about['default']}]" if about["default"] else ""
        lines.append(f"  {about['name']:<27}{about['help']}{default}")
    family = f"{KAFKA_CONF_PREFIX}*"
    lines.append(f"  {family:<27}any librdkafka property, such as KAFKA_CONF_SASL_USERNAME")
    return "\n".join(lines)


def _variables() -> list[Field[Any]]:
    return [variable for variable in fields(Settings) if "name" in variable.metadata]


_PARSERS: dict[str, Callable[[str], Any]] = {
    variable.metadata["name"]: variable.metadata["read"] for variable in _variables()
}


def _parser_of(name: str) -> Callable[[str], Any] | None:
    return str if name.startswith(KAFKA_CONF_PREFIX) else _PARSERS.get(name)


def _merged(environment: Mapping[str, str], file: SettingsFile) -> dict[str, str]:
    return {**file.values, **{name: value for name, value in environment.items() if value.strip()}}


def _missing_prefix(environment: Mapping[str, str]) -> tuple[str, ...]:
    token = environment.get("TWITCH_OAUTH_TOKEN", "").strip()
    if not token or token.startswith("oauth:"):
        return ()
    return ('TWITCH_OAUTH_TOKEN should start with "oauth:"; the token is used anyway',)
