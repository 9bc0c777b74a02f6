"""Settings from the environment and from `.env`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from common.setting_values import WholeNumber
from common.settings import (
    Settings,
    SettingsError,
    read_environment,
    read_settings,
)


def test_without_any_variable_every_setting_has_its_default() -> None:
    """The defaults are enough to read a channel anonymously."""
    settings = read_settings({})
    assert settings.twitch_irc_host == "irc.chat.twitch.tv"
    assert settings.twitch_irc_port == 6697
    assert settings.twitch_irc_tls is True
    assert settings.kafka_brokers == "localhost:9092"
    assert settings.kafka_topic_chat_messages == "twitch-chat-messages"
    assert settings.kafka_client_id == "twitch-ingestion-service"
    assert settings.state_dir == Path("var")
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_BROKERS", "a:9092,user:pass@word@b:9092"),
        ("TWITCH_AUTH_URL", "https://user:password@proxy@"),
    ],
)
def test_an_error_shows_no_password_of_an_address(name: str, value: str) -> None:
    """Somebody may have written it there by mistake."""
    with pytest.raises(SettingsError, match=r"\*\*\*@") as error:
        read_settings({name: value})
    assert "pass" not in str(error.value)


def test_an_empty_variable_counts_as_unset() -> None:
    """For example, `KAFKA_BROKERS=` in an .env file."""
    assert read_settings({"KAFKA_BROKERS": " "}).kafka_brokers == "localhost:9092"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TWITCH_IRC_PORT", "irc", "a port number, 1 to 65535"),
        ("TWITCH_IRC_PORT", "70000", "a port number, 1 to 65535"),
        ("TWITCH_IRC_PORT", "0", "a port number, 1 to 65535"),
        ("TWITCH_IRC_TLS", "maybe", "true or false"),
        ("TWITCH_USERNAME", "not a login", "a Twitch login name"),
        ("TWITCH_CLIENT_ID", "your_client_id_here", "letters and digits"),
        ("TWITCH_REDIRECT_URI", "localhost:3000", "http://localhost:3000/auth/callback"),
        ("TWITCH_REDIRECT_URI", "http://[::1", "http://localhost:3000/auth/callback"),
        ("TWITCH_REDIRECT_URI", "http://localhost:70000/x", "http://localhost:3000/auth/callback"),
        ("TWITCH_SCOPES", "chat:read,chat:edit", "space-separated"),
        ("TWITCH_AUTH_PORT", "auth", "a port number, 1 to 65535"),
        ("TWITCH_AUTH_URL", "id.twitch.tv", "https://"),
        ("TWITCH_AUTH_URL", "http://id.twitch.tv/oauth2", "https://"),
        ("PUBLISHER_BIND", "127.0.0.1:5557", "a ZeroMQ endpoint"),
        ("PUBLISHER_BIND", "tcp://127.0.0.1:99999", "a ZeroMQ endpoint"),
        ("PUBLISHER_ENDPOINT", "tcp://127.0.0.1:99999", "a ZeroMQ endpoint"),
        ("PUBLISHER_ENDPOINT", "tcp://*:5557", "a ZeroMQ endpoint to connect to"),
        ("PUBLISHER_ENDPOINT", "tcp://127.0.0.1:0", "a ZeroMQ endpoint to connect to"),
        ("KAFKA_BROKERS", ",", "host:port"),
        ("KAFKA_TOPIC_CHAT_MESSAGES", "chat messages", "a Kafka topic"),
        ("KAFKA_MESSAGE_FIELDS", "all", "basic or extended"),
        ("KAFKA_TOPIC_PARTITIONS", "six", "a whole number, 1 to 10000"),
        ("PUBLISHER_BIND", f"ipc://{'x' * 108}", "a path of at most 107 bytes"),
        ("PUBLISHER_ENDPOINT", f"ipc://{'ä' * 54}", "a path of at most 107 bytes"),
        ("STATE_DIR", "~nobody-of-that-name/var", "a path; the home folder"),
        ("LOG_LEVEL", "loud", "debug, info, warn or error"),
        ("LOG_FORMAT", "xml", "text or json"),
    ],
)
def test_the_error_for_an_invalid_value_says_what_is_expected(
    name: str, value: str, expected: str
) -> None:
    """It names the variable, its value, and the expected form."""
    with pytest.raises(SettingsError) as raised:
        read_settings({name: value})
    assert name in str(raised.value)
    assert repr(value) in str(raised.value)
    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (variable.metadata["name"], variable.metadata["read"])
        for variable in fields(Settings)
        if variable.type == "int"
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_number_has_a_minimum_and_a_maximum(name: str, number: WholeNumber) -> None:
    """Both are valid; what is beyond them is not, and neither is another way to write a number."""
    for valid in (number.minimum, number.maximum):
        read_settings({name: str(valid)})
    for invalid in (
        number.minimum - 1,
        number.maximum + 1,
        "-1",
        "1.5",
        "1e6",
        "1_000",
        "9" * 5000,
    ):
        with pytest.raises(SettingsError) as raised:
            read_settings({name: str(invalid)})
        [line] = str(raised.value).splitlines()
        assert line.startswith(f"{name} holds '{str(invalid)[:20]}")
        assert line.endswith(f"{number.minimum} to {number.maximum}")
        assert len(line) < 300


@pytest.mark.parametrize(
    "value",
    [
        "http://kafka:9092",
        "PLAINTEXT://kafka:9092",
        '"kafka:9092"',
        "'kafka:9092'",
        '["a:1","b:2"]',
        "a:1;b:2",
        "a:1 b:2",
        ":9092",
        "kafka:",
        "kafka:0",
        "kafka:99999",
        "kafka:nine",
        "::1:9092",
        "[::1:9092",
        "embedded,kafka:9092",
    ],
)
def test_brokers_that_librdkafka_would_misread_are_refused(value: str) -> None:
    """It would look up a host of that name, take another port, or have no brokers at all."""
    with pytest.raises(SettingsError, match=r"^KAFKA_BROKERS holds .*, but should hold host:port"):
        read_settings({"KAFKA_BROKERS": value})


@pytest.mark.parametrize(
    "value",
    ["https://irc.chat.twitch.tv", "irc.chat.twitch.tv:6697", "abc:6697", "[::1]", '"a"', "a,b"],
)
def test_a_chat_server_that_is_no_host_is_refused(value: str) -> None:
    """DNS would be asked for it again and again."""
    with pytest.raises(SettingsError, match=r"^TWITCH_IRC_HOST holds .*, but should hold a host"):
        read_settings({"TWITCH_IRC_HOST": value})


@pytest.mark.parametrize(
    "host", ["localhost", "10.0.0.1", "my_irc-1.example.com.", "::1", "fe80::1%eth0"]
)
def test_a_chat_server_is_a_name_or_an_address(host: str) -> None:
    """Also an IPv6 address, without brackets, as asyncio takes it."""
    assert read_settings({"TWITCH_IRC_HOST": host}).twitch_irc_host == host


@pytest.mark.parametrize(
    ("value", "brokers"),
    [
        ("kafka", "kafka"),
        ("a:1, b.example.com:65535,", "a:1,b.example.com:65535"),
        ("my_kafka-1:9092", "my_kafka-1:9092"),
        ("[::1]:9092,[fe80::1]", "[::1]:9092,[fe80::1]"),
        ("127.0.0.1:9092", "127.0.0.1:9092"),
        ("Embedded", "embedded"),
    ],
)
def test_brokers_in_each_form_that_librdkafka_reads_are_accepted(value: str, brokers: str) -> None:
    """Spaces around them, and a comma at the end, do not matter."""
    assert read_settings({"KAFKA_BROKERS": value}).kafka_brokers == brokers


def test_an_empty_librdkafka_property_counts_as_not_set() -> None:
    """As any other setting, for example `KAFKA_CONF_SASL_PASSWORD=` in a file for Docker."""
    settings = read_settings({"KAFKA_CONF_SASL_PASSWORD": "", "KAFKA_CONF_LINGER_MS": "5"})
    assert settings.kafka_properties == {"linger.ms": "5"}


def test_all_invalid_values_are_reported_at_once() -> None:
    """One line each, so that one restart is enough to correct them."""
    with pytest.raises(SettingsError) as raised:
        read_settings({"TWITCH_IRC_PORT": "x", "LOG_LEVEL": "y"})
    assert len(str(raised.value).splitlines()) == 2


def test_the_prefix_of_a_token_is_optional() -> None:
    """People paste tokens in both forms."""
    for token in ("oauth:abc123", "abc123"):
        assert read_settings({"TWITCH_OAUTH_TOKEN": token}).twitch_oauth_token == "abc123"


def test_a_token_without_its_prefix_causes_a_warning() -> None:
    """It works, but other programs that read the same variable need the prefix."""
    (warning,) = read_settings({"TWITCH_OAUTH_TOKEN": "abc123"}).warnings
    assert 'should start with "oauth:"' in warning
    assert "abc123" not in warning


def test_scopes_are_separated_by_spaces_or_plus_signs() -> None:
    """A URL has plus signs. The default, chat:read, is enough for a reader."""
    assert read_settings({}).twitch_scopes == ("chat:read",)
    for text in ("chat:read  chat:edit", "chat:read+chat:edit"):
        assert read_settings({"TWITCH_SCOPES": text}).twitch_scopes == ("chat:read", "chat:edit")


def test_the_auth_url_may_be_without_tls_only_on_this_machine() -> None:
    """Secrets are sent to it."""
    for url in (
        "http://localhost:3000/oauth2",
        "http://127.0.0.1/",
        "https://id.twitch.tv/oauth2/",
    ):
        assert read_settings({"TWITCH_AUTH_URL": url}).twitch_auth_url == url.rstrip("/")


def test_a_secret_is_not_shown() -> None:
    """Neither in the error for an invalid one, nor in the settings' representation."""
    with pytest.raises(SettingsError) as raised:
        read_settings({"TWITCH_CLIENT_SECRET": '"topsecret"'})
    assert "TWITCH_CLIENT_SECRET holds a secret" in str(raised.value)
    assert "topsecret" not in str(raised.value)
    assert "topsecret" not in repr(read_settings({"TWITCH_CLIENT_SECRET": "topsecret"}))


def test_a_token_is_not_shown() -> None:
    """Neither in the error for an invalid one, nor in the settings' representation."""
    with pytest.raises(SettingsError) as raised:
        read_settings({"TWITCH_OAUTH_TOKEN": "my secret"})
    assert "my secret" not in str(raised.value)
    assert "abc123" not in repr(read_settings({"TWITCH_OAUTH_TOKEN": "oauth:abc123"}))


def test_a_misspelt_name_causes_a_warning_with_the_nearest_one() -> None:
    """It is not an error, because another program may use that name."""
    (warning,) = read_settings({"KAFKA_BROKER": "kafka:9092"}).warnings
    assert "KAFKA_BROKER is set" in warning
    assert "did you mean KAFKA_BROKERS?" in warning


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("DEDUPLCATE", "DEDUPLICATE"), ("LOGLEVEL", "LOG_LEVEL"), ("STATEDIR", "STATE_DIR")],
)
def test_a_name_very_like_one_of_ours_causes_a_warning(name: str, nearest: str) -> None:
    """Also if it has none of our prefixes."""
    assert read_settings({name: "x"}).warnings == (
        f"{name} is set, but no setting has this name; did you mean {nearest}?",
    )


def test_other_names_are_ignored() -> None:
    """The environment has many of them; some are similar to ours."""
    names = ["PATH", "KAFKA_CONF_ANY_THING", "LOGNAME", "STATE_DIRECTORY", "APP_NAME", "LOG_DIR"]
    assert read_settings(dict.fromkeys(names, "1")).warnings == ()


def test_any_librdkafka_property_can_be_set() -> None:
    """KAFKA_CONF_SASL_USERNAME is sasl.username. Its value stays unchanged."""
    settings = read_settings({"KAFKA_CONF_SASL_USERNAME": "Ann ", "KAFKA_CONF_SASL_PASSWORD": "x"})
    assert settings.kafka_properties == {"sasl.username": "Ann ", "sasl.password": "x"}
    assert "Ann" not in repr(settings)


def test_the_environment_has_precedence_over_the_file(tmp_path: Path) -> None:
    """`.env` only sets variables that are not set."""
    (tmp_path / ".env").write_text("LOG_LEVEL=debug\nKAFKA_BROKERS='a:1,b:2'\n# a comment\n")
    environment = read_environment({"LOG_LEVEL": "error"}, tmp_path)
    settings = read_settings(environment)
    assert settings.log_level == "error"
    assert settings.kafka_brokers == "a:1,b:2"


def test_an_empty_variable_does_not_hide_the_file(tmp_path: Path) -> None:
    """It counts as not set in the environment and in the file, also for librdkafka's properties."""
    (tmp_path / ".env").write_text("LOG_LEVEL=debug\nKAFKA_CONF_A=1\nKAFKA_CONF_B=\nAPP_ENV= \n")
    environment = {"LOG_LEVEL": "", "KAFKA_CONF_A": "", "KAFKA_CONF_C": " ", "APP_ENV": ""}
    settings = read_settings(read_environment(environment, tmp_path))
    assert settings.log_level == "debug"
    assert settings.app_env == "development"
    assert settings.kafka_properties == {"a": "1"}
    assert read_settings(environment).kafka_properties == {}


def test_a_topic_of_events_that_is_set_to_nothing_is_none(tmp_path: Path) -> None:
    """In the file and in the environment, which has precedence. Not set is another thing."""
    assert read_settings({}).kafka_topic_chat_events == "twitch-chat-events"
    (tmp_path / ".env").write_text("KAFKA_TOPIC_CHAT_EVENTS=\n")
    assert read_settings(read_environment({}, tmp_path)).kafka_topic_chat_events == ""
    (tmp_path / ".env").write_text("KAFKA_TOPIC_CHAT_EVENTS=events\n")
    off = {"KAFKA_TOPIC_CHAT_EVENTS": ""}
    assert read_settings(read_environment(off, tmp_path)).kafka_topic_chat_events == ""


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell expands it, but `.env` is not read by a shell."""
    monkeypatch.setenv("HOME", "/home/ann")
    names = ["STATE_DIR", "TWITCH_TOKEN_STORE"]
    settings = read_settings(dict.fromkeys(names, "~/x") | {"PUBLISHER_BIND": "ipc://~/y"})
    assert settings.state_dir == settings.twitch_token_store == Path("/home/ann/x")
    assert settings.publisher_bind == "ipc:///home/ann/y"


def test_without_a_file_there_is_only_the_environment(tmp_path: Path) -> None:
    """A missing .env is not an error."""
    assert read_environment({"LOG_LEVEL": "error"}, tmp_path) == {"LOG_LEVEL": "error"}
