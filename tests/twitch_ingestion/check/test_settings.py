"""The check of settings, programs.conf, channels.conf, users and limits."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from common.settings import read_settings
from tests.other_user import OTHER, as_other_user, give_to_other_user
from tests.processes import base_environment
from tests.twitch_ingestion.check.conftest import SCRIPT, Check, Checked
from twitch_ingestion.check.findings import OK, WARNING
from twitch_ingestion.check.host import Host
from twitch_ingestion.check.user import check_user


def test_an_installation_to_try_things_out_has_nothing_wrong(check: Check, folder: Path) -> None:
    """It ends with 0, in spite of warnings, and leaves no file behind."""
    checked = check()
    assert checked.status == 0, checked.output
    assert checked.output.splitlines()[-1] == "Nothing is wrong; 2 warnings."
    assert checked.text("channels", "ok") == "1: somechannel"
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["channels.conf", "supervisord.conf", "var"]
    assert list((folder / "var").iterdir()) == []


def test_every_wrong_setting_is_shown_and_the_rest_is_checked(check: Check) -> None:
    """But not what depends on a wrong one."""
    checked = check(KAFKA_TOPIC_PARTITIONS="many", LOG_LEVEL="loud", KAFKA_BROKER="x:1")
    assert checked.status == 78
    first, second = checked.texts("settings", "wrong")
    assert "KAFKA_TOPIC_PARTITIONS holds 'many'" in first
    assert "LOG_LEVEL holds 'loud'" in second
    assert "did you mean KAFKA_BROKERS?" in checked.text("settings", "warning")
    assert checked.text("kafka", "warning") == "not checked while KAFKA_TOPIC_PARTITIONS is wrong"
    assert checked.text("channels", "ok") == "1: somechannel"
    both = check(KAFKA_TOPIC_PARTITIONS="many", DELIVERY="twice").text("kafka", "warning")
    assert both == "not checked while DELIVERY, KAFKA_TOPIC_PARTITIONS are wrong"


def test_a_settings_file_that_cannot_be_read_is_all_there_is_to_say(
    check: Check, folder: Path
) -> None:
    """Anything else might be wrong because of it."""
    (folder / ".env").write_bytes(b"KAFKA_BROKERS='unclosed\n")
    checked = check()
    assert checked.status == 78
    assert f"line 1 of {folder / '.env'} cannot be parsed" in checked.text("settings", "wrong")
    assert "is not checked" in checked.text("the rest", "warning")


def test_no_secret_is_shown(check: Check, folder: Path) -> None:
    """Neither one that is right nor one that is wrong."""
    (folder / ".env").write_text("TWITCH_OAUTH_TOKEN=oauth:not a token\n")
    checked = check(KAFKA_CONF_SASL_PASSWORD="my-secret-password")
    assert "not a token" not in checked.output
    assert "my-secret-password" not in checked.output


def test_secrets_that_others_can_read_are_told(check: Check, folder: Path) -> None:
    """With the command that mends it."""
    file = folder / ".env"
    file.write_text("TWITCH_CLIENT_SECRET=abc\n")
    file.chmod(0o644)
    assert "run `chmod 600 .env`" in check().text("settings", "warning")


def test_settings_that_do_not_fit_are_wrong(check: Check) -> None:
    """Each kind in the words of the program that would refuse it."""
    checked = check(
        PUBLISHER_ENDPOINT="tcp://127.0.0.1:1,tcp://127.0.0.1:2",
        DELIVERY="exactly-once",
        PUBLISHER_BIND="tcp://*:5557",
    )
    assert checked.status == 78
    first, second = checked.texts("link", "wrong")
    assert "which other machines can reach" in first
    assert "names 2 publishers and PUBLISHER_ACK_ENDPOINT 1" in second
    assert "embedded Kafka has no transactions" in checked.text("kafka", "wrong")


def test_a_property_that_librdkafka_refuses_is_named(check: Check) -> None:
    """Without any Kafka."""
    checked = check(KAFKA_BROKERS="127.0.0.1:1", KAFKA_CONF_LINGER_MS="soon")
    assert "KAFKA_CONF_LINGER_MS holds 'soon'" in checked.text("kafka", "wrong")


def test_each_wrong_line_of_channels_conf_is_shown(check: Check, folder: Path) -> None:
    """Also what is wrong in the settings."""
    (folder / "channels.conf").write_text("good\nnot a channel!\n")
    checked = check(TWITCH_CHANNELS="also-not")
    assert checked.status == 78
    first, second = checked.texts("channels", "wrong")
    assert first.startswith("channels.conf, line 2: ")
    assert second.startswith("TWITCH_CHANNELS: ")


def test_a_missing_channels_conf_is_wrong_where_supervisord_runs(
    check: Check, folder: Path
) -> None:
    """Elsewhere readers may be started by hand, and the file is not needed."""
    (folder / "channels.conf").unlink()
    assert "there is no channels.conf" in check().text("channels", "wrong")
    assert check(TWITCH_CHANNELS="one").text("channels", "ok") == "1: one"
    (folder / "supervisord.conf").unlink()
    assert "there is no channels.conf" in check().text("channels", "warning")


def test_a_folder_without_the_service_is_said(check: Check, folder: Path) -> None:
    """Otherwise all that is found there looks as if it was about the service."""
    (folder / "supervisord.conf").unlink()
    assert f"no supervisord.conf in {folder}" in check().text("programs", "warning")


def test_what_programs_conf_leaves_out_is_not_checked(check: Check, folder: Path) -> None:
    """A host of the publisher needs neither channels nor a login; one of readers needs no Kafka."""
    (folder / "channels.conf").unlink()
    (folder / "supervisord.conf").touch()
    programs = folder / "programs.conf"
    programs.write_text(
        "[program:readers]\nnumprocs=0\n[program:auth]\nnumprocs=%(ENV_AUTH)s ; no\n"
    )
    checked = check(AUTH="0")
    assert checked.status == 0, checked.output
    assert checked.text("programs", "ok") == "programs.conf leaves out auth, readers on this host"
    assert checked.text("channels", "ok").startswith("not needed")
    assert checked.text("token", "ok").startswith("not needed")
    programs.write_text("[program:publisher]\nnumprocs=0\n")
    checked = check(TWITCH_CHANNELS="one", KAFKA_BROKERS="127.0.0.1:1")
    assert checked.text("kafka", "ok").startswith("not needed")
    programs.write_text("numprocs=0\n")
    assert "programs.conf cannot be read" in check().text("programs", "wrong")


def test_more_channels_than_files_may_be_open_are_wrong(check: Check, folder: Path) -> None:
    """The limit of this shell counts, up to which supervisord raises its own."""
    names = "\n".join(f"channel{number}" for number in range(60))
    (folder / "channels.conf").write_text(names)
    finished = subprocess.run(
        ["sh", "-c", 'ulimit -n 200 && exec "$0" check', SCRIPT],
        cwd=folder,
        env=base_environment() | {"KAFKA_BROKERS": "embedded"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    text = Checked(finished.returncode, finished.stdout).text("open files", "wrong")
    assert "enough for 50 readers, but there are 60 channels: allow 220" in text
    assert "enough for" in check().text("open files", "ok")


def test_root_is_told_to_check_as_the_user_of_the_service(check: Check, folder: Path) -> None:
    """Root may read and write everything, so that its check would prove nothing."""
    give_to_other_user(folder / "var")
    checked = check()
    assert checked.status == 78
    text = checked.text("user", "wrong")
    assert f"var belongs to #{OTHER}" in text
    assert text.endswith("check")
    assert f"sudo -u '#{OTHER}'" in text


def test_a_user_whom_nothing_belongs_to_is_warned(short_folder: Path) -> None:
    """Only the user of the service finds what the service will find."""
    short_folder.chmod(0o755)
    host = Host(read_settings({"STATE_DIR": str(short_folder)}), frozenset())
    (finding,) = check_user(host)
    assert finding.level == OK

    def look() -> None:
        (finding,) = check_user(host)
        assert finding.level == WARNING
        assert f"belongs to user id {OTHER + 1}, and this is {OTHER}" in finding.text

    give_to_other_user(short_folder)
    os.chown(short_folder, OTHER + 1, OTHER + 1)
    as_other_user(look)
