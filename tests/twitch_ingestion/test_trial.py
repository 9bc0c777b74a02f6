"""The settings of a trial: those of the folder, apart from what would lead out of the trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.settings import Settings, read_settings, settings_file
from twitch_ingestion.trial import Trial, live_trial

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
