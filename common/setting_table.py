"""
The table of all settings. For each: its environment variable, its default, how its value is parsed,
a line for `--help`, and the commands of `twitch-ingestion` that use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from common import setting_values as values
from common import web_address

KAFKA_CONF_PREFIX = "KAFKA_CONF_"
EMBEDDED = "embedded"
EXACTLY_ONCE = "exactly-once"
EXTENDED = "extended"

#: The commands that use the KAFKA_CONF_*, separated by spaces.
KAFKA_CONF_USERS = "publisher tail"


def _variable(
    name: str,
    default: str,
    read: Callable[[str], Any],
    help_text: str,
    users: str,
    *,
    secret: bool = False,
    empty_counts: bool = False,
) -> Any:
    """
    Return a field for the variable *name*, parsed by *read*, for the commands *users*.

    With *empty_counts*, it can be set to nothing, which is not the same as not to set it.
    """
    about = {"name": name, "default": default, "read": read, "help": help_text, "secret": secret}
    return field(metadata={**about, "users": users, "empty_counts": empty_counts}, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """All settings of the service. Each process uses some of them."""

    twitch_channels: tuple[str, ...] = _variable(
        "TWITCH_CHANNELS",
        "",
        values.words,
        "channels to read in addition to channels.conf, separated by commas or spaces",
        "channels",
    )
    twitch_channel: tuple[str, ...] = _variable(
        "TWITCH_CHANNEL",
        "",
        values.words,
        "one channel to read in addition to channels.conf",
        "channels",
    )
    twitch_username: str = _variable(
        "TWITCH_USERNAME",
        "",
        values.login,
        "login name of the account that the token must belong to",
        "reader auth",
    )
    twitch_oauth_token: str = _variable(
        "TWITCH_OAUTH_TOKEN",
        "",
        values.oauth_token,
        "static access token, oauth:...",
        "reader auth channels",
        secret=True,
    )
    twitch_client_id: str = _variable(
        "TWITCH_CLIENT_ID", "", values.client_key, "client id of your Twitch application", "auth"
    )
    twitch_client_secret: str = _variable(
        "TWITCH_CLIENT_SECRET",
        "",
        values.client_key,
        "client secret of the application; a Public one has none",
        "auth",
        secret=True,
    )
    twitch_redirect_uri: str = _variable(
        "TWITCH_REDIRECT_URI",
        "http://localhost:3000/auth/callback",
        values.redirect_uri,
        "OAuth redirect URL registered for the application",
        "auth",
    )
    twitch_scopes: tuple[str, ...] = _variable(
        "TWITCH_SCOPES",
        "chat:read",
        values.scopes,
        "scopes that a login requests, space-separated",
        "auth",
    )
    twitch_auth_port: int = _variable(
        "TWITCH_AUTH_PORT",
        "3000",
        values.port,
        "TCP port of the local server for browser logins",
        "auth",
    )
    twitch_token_store: Path = _variable(
        "TWITCH_TOKEN_STORE",
        "tokenStore.json",
        values.path,
        "path of the token file",
        "reader auth channels",
    )
    twitch_auth_url: str = _variable(
        "TWITCH_AUTH_URL",
        "https://id.twitch.tv/oauth2",
        values.auth_url,
        "base URL of Twitch's OAuth server",
        "auth",
    )
    twitch_irc_host: str = _variable(
        "TWITCH_IRC_HOST",
        "irc.chat.twitch.tv",
        values.host,
        "host name of the chat server",
        "reader",
    )
    twitch_irc_port: int = _variable(
        "TWITCH_IRC_PORT", "6697", values.port, "TCP port of the chat server", "reader"
    )
    twitch_irc_tls: bool = _variable(
        "TWITCH_IRC_TLS",
        "true",
        values.boolean,
        "true: connect with TLS and verify the certificate",
        "reader",
    )
    twitch_join_rate: int = _variable(
        "TWITCH_JOIN_RATE",
        "20",
        values.WholeNumber(1, 100_000),
        "joins per 10 s that Twitch allows the account; a verified bot: 2000",
        "reader",
    )
    publisher_endpoint: tuple[str, ...] = _variable(
        "PUBLISHER_ENDPOINT",
        "tcp://127.0.0.1:5557",
        values.endpoints,
        "addresses that readers send batches to, comma-separated; the first available one is used",
        "reader drain optout",
    )
    publisher_ack_endpoint: tuple[str, ...] = _variable(
        "PUBLISHER_ACK_ENDPOINT",
        "tcp://127.0.0.1:5558",
        values.endpoints,
        "addresses that readers receive acknowledgements from, in the order of PUBLISHER_ENDPOINT",
        "reader drain optout",
    )
    publisher_bind: str = _variable(
        "PUBLISHER_BIND",
        "tcp://127.0.0.1:5557",
        values.bind_endpoint,
        "address that the publisher receives batches on",
        "publisher",
    )
    publisher_ack_bind: str = _variable(
        "PUBLISHER_ACK_BIND",
        "tcp://127.0.0.1:5558",
        values.bind_endpoint,
        "address that the publisher sends acknowledgements on",
        "publisher",
    )
    publisher_public_key: tuple[str, ...] = _variable(
        "PUBLISHER_PUBLIC_KEY",
        "",
        values.public_keys,
        "public key of the publisher, 64 hex digits: readers encrypt and accept no other publisher;"
        " for several publishers, one key for all or one per address, comma-separated",
        "reader drain optout",
    )
    kafka_brokers: str = _variable(
        "KAFKA_BROKERS",
        "localhost:9092",
        values.brokers,
        "bootstrap servers host:port, comma-separated; or embedded: an in-memory cluster to try it",
        "publisher tail",
    )
    kafka_topic_chat_messages: str = _variable(
        "KAFKA_TOPIC_CHAT_MESSAGES",
        "twitch-chat-messages",
        values.topic,
        "topic for chat messages",
        "publisher tail",
    )
    kafka_message_fields: str = _variable(
        "KAFKA_MESSAGE_FIELDS",
        "basic",
        values.message_fields,
        "basic: the six fields of a message; extended: also badges, roles, replies and more",
        "reader",
    )
    kafka_header_id: bool = _variable(
        "KAFKA_HEADER_ID",
        "true",
        values.boolean,
        "false: leave out the header id of records; DEDUPLICATE=true needs it, and overrides this",
        "publisher",
    )
    kafka_topic_chat_events: str = _variable(
        "KAFKA_TOPIC_CHAT_EVENTS",
        "twitch-chat-events",
        values.optional_topic,
        "topic for events: subscriptions, raids, deletions and others; set to nothing: no events",
        "publisher tail",
        empty_counts=True,
    )
    kafka_topic_chat_gaps: str = _variable(
        "KAFKA_TOPIC_CHAT_GAPS",
        "twitch-chat-gaps",
        values.topic,
        "topic for gap records",
        "publisher tail",
    )
    kafka_topic_dead_letters: str = _variable(
        "KAFKA_TOPIC_DEAD_LETTERS",
        "twitch-chat-dead-letters",
        values.topic,
        "topic for records that Kafka permanently rejects",
        "publisher tail",
    )
    kafka_topic_progress: str = _variable(
        "KAFKA_TOPIC_PROGRESS",
        "twitch-chat-progress",
        values.topic,
        "exactly-once only: compacted topic for the checkpoint of each reader",
        "publisher",
    )
    kafka_topic_partitions: int = _variable(
        "KAFKA_TOPIC_PARTITIONS",
        "6",
        values.WholeNumber(1, 10_000),
        "number of partitions of topics that the publisher creates",
        "publisher",
    )
    #: None for the cluster's default.
    kafka_topic_replication: int | None = _variable(
        "KAFKA_TOPIC_REPLICATION",
        "",
        values.replication,
        "replication factor of topics that the publisher creates; if empty, the cluster's default",
        "publisher",
    )
    kafka_client_id: str = _variable(
        "KAFKA_CLIENT_ID",
        "twitch-ingestion-service",
        values.text,
        "client.id, shown in Kafka's logs",
        "publisher tail",
    )
    kafka_transactional_id: str = _variable(
        "KAFKA_TRANSACTIONAL_ID",
        "",
        str,
        "exactly-once only: transactional.id, unique per publisher; if empty, KAFKA_CLIENT_ID",
        "publisher",
    )
    delivery: str = _variable(
        "DELIVERY",
        "at-least-once",
        values.delivery,
        "at-least-once, or exactly-once (for consumers with isolation.level=read_committed)",
        "publisher",
    )
    deduplicate: bool = _variable(
        "DEDUPLICATE",
        "false",
        values.boolean,
        "true: publish a message once when readers on several hosts read the same channel",
        "publisher",
    )
    state_dir: Path = _variable(
        "STATE_DIR",
        "var",
        values.path,
        "directory for outboxes and other durable state",
        "reader publisher auth channels drain optout tail keys monitor top",
    )
    outbox_max_bytes: int = _variable(
        "OUTBOX_MAX_BYTES",
        str(1024**3),
        # The outbox needs room for several batches. SQLite's own limit is far above the maximum.
        values.WholeNumber(1024**2, 1024**4),
        "maximum size of each reader's outbox, in bytes; the oldest messages are evicted beyond it",
        "reader drain optout",
    )
    monitor_bind: web_address.WebAddress = _variable(
        "MONITOR_BIND",
        "127.0.0.1:9464",
        web_address.web_bind,
        "HOST:PORT of the live page, metrics and health; off loopback it needs MONITOR_TOKEN",
        "monitor top init",
    )
    monitor_token: str = _variable(
        "MONITOR_TOKEN",
        "",
        web_address.web_token,
        "password for the live page and metrics, of this host and of MONITOR_PEERS",
        "monitor top",
        secret=True,
    )
    monitor_peers: tuple[web_address.WebAddress, ...] = _variable(
        "MONITOR_PEERS",
        "",
        web_address.web_peers,
        "HOST:PORT of other hosts' monitors, comma-separated, to be shown in one table",
        "monitor top",
    )
    monitor_show_messages: bool = _variable(
        "MONITOR_SHOW_MESSAGES",
        "false",
        values.boolean,
        "true: the live page shows a channel's last messages on request (personal data)",
        "reader monitor",
    )
    metrics_per_channel: bool = _variable(
        "METRICS_PER_CHANNEL",
        "true",
        values.boolean,
        "false: metrics are sums over all channels, without a series for each",
        "monitor",
    )
    log_level: str = _variable(
        "LOG_LEVEL",
        "info",
        values.log_level,
        "debug, info, warn or error",
        "reader publisher auth drain optout tail keys monitor top",
    )
    log_format: str = _variable(
        "LOG_FORMAT",
        "text",
        values.log_format,
        "text, or json (one object per line)",
        "reader publisher auth drain optout tail keys monitor top",
    )
    app_env: str = _variable(
        "APP_ENV",
        "development",
        values.text,
        "name of this environment, shown in the publisher's first log line",
        "publisher",
    )
    #: librdkafka properties from KAFKA_CONF_*: KAFKA_CONF_SASL_USERNAME sets `sasl.username`.
    kafka_properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Texts about suspicious but valid settings, to be logged once logging is configured.
    warnings: tuple[str, ...] = ()


def variables() -> list[Field[Any]]:
    """Return the fields that are set by an environment variable, each with its metadata."""
    return [variable for variable in fields(Settings) if "name" in variable.metadata]
