"""
Settings: environment variables, and the `.env` file of the working directory under them, checked
as a whole before anything starts.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from common import setting_values as values

KAFKA_CONF_PREFIX = "KAFKA_CONF_"
EMBEDDED = "embedded"
EXACTLY_ONCE = "exactly-once"

#: Names of these families that we do not know are most likely misspelt.
_FAMILIES = ("TWITCH_", "KAFKA_", "PUBLISHER_", "OUTBOX_")


class SettingsError(Exception):
    """Raised when settings are wrong. The text has one line for each of them."""


def _variable(
    name: str, default: str, read: Callable[[str], Any], help_text: str, *, secret: bool = False
) -> Any:
    """Describe the environment variable behind a field of Settings."""
    metadata = {
        "name": name,
        "default": default,
        "read": read,
        "help": help_text,
        "secret": secret,
    }
    return field(metadata=metadata, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """All settings of the service. Each process uses those that concern it."""

    twitch_channels: tuple[str, ...] = _variable(
        "TWITCH_CHANNELS", "", values.words, "channels beside channels.conf, comma-separated"
    )
    twitch_channel: tuple[str, ...] = _variable(
        "TWITCH_CHANNEL", "", values.words, "one more channel beside channels.conf"
    )
    twitch_username: str = _variable(
        "TWITCH_USERNAME", "", values.login, "login name of the account that a token belongs to"
    )
    twitch_oauth_token: str = _variable(
        "TWITCH_OAUTH_TOKEN", "", values.oauth_token, "static token, oauth:...", secret=True
    )
    twitch_client_id: str = _variable(
        "TWITCH_CLIENT_ID", "", values.client_key, "id of your Twitch application"
    )
    twitch_client_secret: str = _variable(
        "TWITCH_CLIENT_SECRET",
        "",
        values.client_key,
        "its secret; a public application has none",
        secret=True,
    )
    twitch_redirect_uri: str = _variable(
        "TWITCH_REDIRECT_URI",
        "http://localhost:3000/auth/callback",
        values.redirect_uri,
        "its OAuth redirect URL",
    )
    twitch_scopes: tuple[str, ...] = _variable(
        "TWITCH_SCOPES", "chat:read", values.scopes, "what a login may do, space-separated"
    )
    twitch_auth_port: int = _variable(
        "TWITCH_AUTH_PORT", "3000", values.port, "port of the server that a browser logs in with"
    )
    twitch_token_store: Path = _variable(
        "TWITCH_TOKEN_STORE", "tokenStore.json", Path, "file that keeps the login"
    )
    twitch_auth_url: str = _variable(
        "TWITCH_AUTH_URL", "https://id.twitch.tv/oauth2", values.auth_url, "Twitch's OAuth server"
    )
    twitch_irc_host: str = _variable(
        "TWITCH_IRC_HOST", "irc.chat.twitch.tv", values.text, "chat server"
    )
    twitch_irc_port: int = _variable("TWITCH_IRC_PORT", "6697", values.port, "its port")
    twitch_irc_tls: bool = _variable(
        "TWITCH_IRC_TLS", "true", values.boolean, "speak TLS with it, and verify its certificate"
    )
    twitch_join_rate: int = _variable(
        "TWITCH_JOIN_RATE",
        "20",
        values.positive_integer,
        "joins that Twitch allows the account in 10 s: 2000 for a verified bot",
    )
    publisher_endpoint: tuple[str, ...] = _variable(
        "PUBLISHER_ENDPOINT",
        "tcp://127.0.0.1:5557",
        values.endpoints,
        "where readers send batches; of several, comma-separated, to the first that is there",
    )
    publisher_ack_endpoint: tuple[str, ...] = _variable(
        "PUBLISHER_ACK_ENDPOINT",
        "tcp://127.0.0.1:5558",
        values.endpoints,
        "where readers hear acknowledgements, of as many publishers in the same order",
    )
    publisher_bind: str = _variable(
        "PUBLISHER_BIND",
        "tcp://127.0.0.1:5557",
        values.bind_endpoint,
        "where the publisher takes batches",
    )
    publisher_ack_bind: str = _variable(
        "PUBLISHER_ACK_BIND",
        "tcp://127.0.0.1:5558",
        values.bind_endpoint,
        "where the publisher tells acknowledgements",
    )
    publisher_public_key: tuple[str, ...] = _variable(
        "PUBLISHER_PUBLIC_KEY",
        "",
        values.public_keys,
        "the publisher's key: readers then encrypt, and send to nobody else; of several publishers,"
        " one for all or one each, in their order",
    )
    kafka_brokers: str = _variable(
        "KAFKA_BROKERS",
        "localhost:9092",
        values.brokers,
        "bootstrap servers, comma-separated; `embedded` for a cluster in memory, to try it out",
    )
    kafka_topic_chat_messages: str = _variable(
        "KAFKA_TOPIC_CHAT_MESSAGES", "twitch-chat-messages", values.topic, "topic of the messages"
    )
    kafka_topic_chat_gaps: str = _variable(
        "KAFKA_TOPIC_CHAT_GAPS", "twitch-chat-gaps", values.topic, "topic of the gap records"
    )
    kafka_topic_dead_letters: str = _variable(
        "KAFKA_TOPIC_DEAD_LETTERS",
        "twitch-chat-dead-letters",
        values.topic,
        "topic of the records that Kafka refuses for good",
    )
    kafka_topic_progress: str = _variable(
        "KAFKA_TOPIC_PROGRESS",
        "twitch-chat-progress",
        values.topic,
        "compacted topic of what was published of each reader, with exactly-once",
    )
    kafka_topic_partitions: int = _variable(
        "KAFKA_TOPIC_PARTITIONS",
        "6",
        values.positive_integer,
        "partitions of a topic that we create",
    )
    kafka_client_id: str = _variable(
        "KAFKA_CLIENT_ID", "twitch-ingestion-service", values.text, "name shown in Kafka's logs"
    )
    kafka_transactional_id: str = _variable(
        "KAFKA_TRANSACTIONAL_ID",
        "",
        str,
        "with exactly-once, what only one publisher at a time may be called; else KAFKA_CLIENT_ID",
    )
    delivery: str = _variable(
        "DELIVERY",
        "at-least-once",
        values.delivery,
        "at-least-once, or exactly-once for consumers with isolation.level=read_committed",
    )
    deduplicate: bool = _variable(
        "DEDUPLICATE",
        "false",
        values.boolean,
        "readers on several hosts may read the same channel: publish each message once",
    )
    state_dir: Path = _variable("STATE_DIR", "var", Path, "outboxes and what else has to last")
    outbox_max_bytes: int = _variable(
        "OUTBOX_MAX_BYTES",
        str(1024**3),
        values.positive_integer,
        "size that each reader's outbox may grow to while nothing takes its messages",
    )
    log_level: str = _variable("LOG_LEVEL", "info", values.log_level, "debug, info, warn or error")
    log_format: str = _variable(
        "LOG_FORMAT", "text", values.log_format, "text, or json: one object a line"
    )
    app_env: str = _variable(
        "APP_ENV",
        "development",
        values.text,
        "name of this environment, for the first log line",
    )
    #: librdkafka's properties, from KAFKA_CONF_*: KAFKA_CONF_SASL_USERNAME is `sasl.username`.
    kafka_properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: What is odd but not wrong, a sentence each, to be logged once logging is set up.
    warnings: tuple[str, ...] = ()


def read_environment(environment: Mapping[str, str], directory: Path = Path()) -> dict[str, str]:
    """Return *environment* with what the `.env` file in *directory* adds to it, if there is one."""
    file = {name: value for name, value in dotenv_values(directory / ".env").items() if value}
    return {**file, **environment}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """
    Return the settings that *environment* holds, defaults elsewhere.

    A variable that is set to nothing counts as not set. Raises SettingsError, with a line for each
    variable that holds what it should not.
    """
    read: dict[str, Any] = {}
    errors = []
    for variable in _variables():
        about = variable.metadata
        value = environment.get(about["name"], "").strip() or about["default"]
        try:
            read[variable.name] = about["read"](value)
        except ValueError as error:
            holds = "a secret" if about["secret"] else repr(value)
            errors.append(f"{about['name']} holds {holds}, but should hold {error}")
    if errors:
        raise SettingsError("\n".join(errors))
    properties = _kafka_properties(environment)
    warnings = _unknown_names(environment) + _missing_prefix(environment)
    return Settings(**read, kafka_properties=properties, warnings=warnings)


def settings_help() -> str:
    """Return the settings as text for `--help`: name, default, what it is."""
    lines = ["settings (environment variables, or .env in the working directory):"]
    for variable in _variables():
        about = variable.metadata
        default = f" [{about['default']}]" if about["default"] else ""
        lines.append(f"  {about['name']:<27}{about['help']}{default}")
    lines.append(
        f"  {KAFKA_CONF_PREFIX + '*':<27}any librdkafka property: KAFKA_CONF_SASL_USERNAME"
    )
    return "\n".join(lines)


def _variables() -> list[Field[Any]]:
    return [variable for variable in fields(Settings) if "name" in variable.metadata]


def _kafka_properties(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        _property(name.removeprefix(KAFKA_CONF_PREFIX)): value
        for name, value in environment.items()
        if name.startswith(KAFKA_CONF_PREFIX)
    }


def _property(name: str) -> str:
    folded = name.lower()
    # The only one of librdkafka's that is written with an underscore.
    return folded if folded == "log_level" else folded.replace("_", ".")


def _unknown_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    known = [variable.metadata["name"] for variable in _variables()]
    unknown = sorted(
        name
        for name in environment
        if name.startswith(_FAMILIES)
        and name not in known
        and not name.startswith((KAFKA_CONF_PREFIX, "KAFKA_TEST_"))
    )
    return tuple(_unknown_name(name, known) for name in unknown)


def _unknown_name(name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{name} is set, but there is no such setting{hint}"


def _missing_prefix(environment: Mapping[str, str]) -> tuple[str, ...]:
    token = environment.get("TWITCH_OAUTH_TOKEN", "").strip()
    if not token or token.startswith("oauth:"):
        return ()
    return ('TWITCH_OAUTH_TOKEN should start with "oauth:"; it is used as if it did',)
