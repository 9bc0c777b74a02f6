"""The settings of a trial: those of the folder, apart from what would lead out of the trial."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from common.settings import Settings, SettingsError, read_settings, settings_file
from common.web_address import WebAddress
from readers.opt_out.current_list import CurrentList
from tests.ports import free_port
from twitch_ingestion.free_ports import available
from twitch_ingestion.trial import Trial, live_trial, recorded_trial

FOLDER = Path("var/run")


@pytest.fixture(autouse=True)
def _in_a_folder_with_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        f"PUBLISHER_PUBLIC_KEY={'0' * 64}\n"
        "PUBLISHER_ENDPOINT=tcp://10.0.0.1:5557\n"
        "TWITCH_CHANNELS=other\n"
        "KAFKA_TOPIC_CHAT_MESSAGES=mine\n"
    )


def _settings_in(trial: Trial) -> Settings:
    """Return the settings of the programs of *trial*."""
    return read_settings(trial.environment, settings_file(trial.folder))


def test_the_link_of_a_trial_is_its_own() -> None:
    """A publisher elsewhere, and the key of its host, do not matter."""
    settings = _settings_in(live_trial(FOLDER, ["xqc"], {}))
    assert settings.publisher_public_key == ()
    assert settings.publisher_endpoint == (settings.publisher_bind,)
    assert settings.publisher_ack_endpoint == (settings.publisher_ack_bind,)
    assert settings.publisher_bind.startswith("ipc://var/")


def test_only_the_channels_that_are_given_are_read() -> None:
    """Those of the folder are for its own service."""
    settings = _settings_in(live_trial(FOLDER, ["xqc"], {"TWITCH_CHANNEL": "another"}))
    assert (settings.twitch_channels, settings.twitch_channel) == ((), ())
    assert (FOLDER / "channels.conf").read_text() == "xqc\n"


def test_other_settings_of_the_folder_count() -> None:
    """Except where the Kafka is, if none is set: then it is the embedded one."""
    trial = live_trial(FOLDER, ["xqc"], {})
    assert trial.topic == _settings_in(trial).kafka_topic_chat_messages == "mine"
    assert trial.is_embedded
    assert not live_trial(FOLDER, ["xqc"], {"KAFKA_BROKERS": "kafka:9092"}).is_embedded


def test_who_has_opted_out_here_is_not_recorded_in_a_trial_either() -> None:
    """Real people are in it: of its folder, readers look at the file, whenever that is made."""
    for _ in range(2):
        live_trial(FOLDER, ["xqc"], {})
    opted_out = CurrentList(FOLDER / "optout.conf", iter((0.0, 9.0)).__next__, lambda: 0)
    Path("optout.conf").write_text("4711\n")
    assert opted_out.look()
    assert "4711" in opted_out.people.ids


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        (None, "{here}/tokenStore.json"),
        ("logins/one.json", "{here}/logins/one.json"),
        ("/srv/login.json", "/srv/login.json"),
        ("~/login.json", "{home}/login.json"),
    ],
)
def test_the_login_of_the_folder_is_used(store: str | None, expected: str, tmp_path: Path) -> None:
    """Wherever it is."""
    environment = {"TWITCH_TOKEN_STORE": store} if store else {}
    settings = _settings_in(live_trial(FOLDER, ["xqc"], environment))
    path = expected.format(here=tmp_path, home=Path.home())
    assert settings.twitch_token_store == Path(path)


def test_the_live_page_is_where_the_settings_say() -> None:
    """It shows made-up chat, but that of real people only on request."""
    environment = {"MONITOR_BIND": f"127.0.0.1:{free_port()}", "MONITOR_PEERS": "10.0.0.2:9464"}
    live = live_trial(FOLDER, ["xqc"], environment)
    settings = _settings_in(live)
    assert live.live_page() == f"http://{environment['MONITOR_BIND']}/"
    assert str(settings.monitor_bind) == environment["MONITOR_BIND"]
    assert len(settings.monitor_peers) == 1
    assert not settings.monitor_show_messages

    recorded = recorded_trial(FOLDER, environment)
    settings = _settings_in(recorded)
    assert recorded.live_page() == live.live_page()
    assert settings.monitor_peers == ()
    assert settings.monitor_show_messages


def test_the_live_page_is_not_open_to_others_without_a_token() -> None:
    """It is the monitor's own rule, told before anything starts."""
    with pytest.raises(SettingsError, match="MONITOR_TOKEN"):
        live_trial(FOLDER, ["xqc"], {"MONITOR_BIND": "0.0.0.0:0"})
    token = {"MONITOR_TOKEN": "a-token-of-this-test"}
    trial = live_trial(FOLDER, ["xqc"], {"MONITOR_BIND": "0.0.0.0:0", **token})
    assert trial.live_page() == f"http://127.0.0.1:{trial.monitor.port}/"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_is_taken_is_replaced(host: str) -> None:
    """By a free one of the same host."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as taken:
        address = WebAddress(host, taken.getsockname()[1])
        found = available(address)
        assert (found.host, found.port > 0) == (host, True)
        assert found != address
    assert available(address) == address


def test_an_address_of_another_host_is_left_to_the_monitor() -> None:
    """It logs what is wrong with it. 192.0.2.0 is for documentation: RFC 5737."""
    address = WebAddress("192.0.2.1", 9464)
    assert available(address) == address


def test_only_the_chat_of_a_demo_begins_anew() -> None:
    """What was read of the real Twitch and not sent is kept; a demo has no gap since the last."""
    outbox = FOLDER / "outbox" / "xqc.db"
    outbox.parent.mkdir(parents=True)
    outbox.touch()
    live_trial(FOLDER, ["xqc"], {})
    assert outbox.exists()
    recorded_trial(FOLDER, {})
    assert not outbox.exists()
