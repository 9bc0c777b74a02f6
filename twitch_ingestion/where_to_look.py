"""Where the messages of a trial can be seen: known only once its publisher runs."""

from __future__ import annotations

import shlex
from pathlib import Path

from common.command_line import command
from common.settings import SettingsError, read_settings, settings_file
from twitch_ingestion.trial import Trial, ask_supervisord

_TEXT = """
To see the messages, in another terminal in {here}:
    {tail}
    {kcat}
Ctrl-C stops everything.

"""

_TOPIC = "KAFKA_TOPIC_CHAT_MESSAGES"


def where_to_look(trial: Trial) -> str | None:
    """Return the commands that show the messages of *trial*; None while its publisher is down."""
    address = _embedded(trial.folder) if trial.is_embedded else _configured(trial)
    if address is None:
        return None
    kcat = shlex.join(["kcat", "-b", address, "-t", trial.topic, "-C"])
    return _TEXT.format(here=Path.cwd(), tail=_tail(trial), kcat=kcat)


def _tail(trial: Trial) -> str:
    variables = {"KAFKA_BROKERS": trial.brokers}
    if trial.is_embedded:
        # The embedded Kafka writes its address to a file there.
        variables = {"STATE_DIR": str(trial.folder), **variables}
    if _topic_of_this_folder() != trial.topic:
        variables[_TOPIC] = trial.topic
    assignments = (f"{name}={shlex.quote(value)}" for name, value in variables.items())
    return " ".join([*assignments, command("tail")])


def _embedded(folder: Path) -> str | None:
    try:
        return (folder / "kafka.bootstrap").read_text().strip()
    except FileNotFoundError:
        return None


def _configured(trial: Trial) -> str | None:
    publisher = ask_supervisord(trial.folder, "getProcessInfo", "publisher")
    return trial.brokers if publisher and publisher["statename"] == "RUNNING" else None


def _topic_of_this_folder() -> str | None:
    """Return the topic that a command in another terminal reads here, None if .env is wrong."""
    try:
        return read_settings({}, settings_file()).kafka_topic_chat_messages
    except SettingsError:
        return None
