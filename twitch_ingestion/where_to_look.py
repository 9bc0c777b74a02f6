"""Where the messages of a trial can be seen: known only once its publisher runs."""

from __future__ import annotations

import http.client
import shlex
import xmlrpc.client
from pathlib import Path
from typing import Any

from common.command_line import command
from common.settings import SettingsError, read_settings, settings_file
from readers.supervision.groups import connect
from twitch_ingestion.trial import SOCKET, Trial

_TEXT = """
To see the messages, in another terminal in {here}:
    {tail}
    {kcat}
Ctrl-C stops everything.

"""


_TOPIC = "KAFKA_TOPIC_CHAT_MESSAGES"


class WhereToLook:
    """The commands that show the messages of a trial."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def text(self) -> str | None:
        """Return the text for the user, or None while the publisher does not run."""
        address = self._embedded() if self._trial.is_embedded else self._configured()
        if address is None:
            return None
        kcat = shlex.join(["kcat", "-b", address, "-t", self._trial.topic, "-C"])
        return _TEXT.format(here=Path.cwd(), tail=self._tail(), kcat=kcat)

    def _tail(self) -> str:
        variables = {"KAFKA_BROKERS": self._trial.brokers}
        if self._trial.is_embedded:
            # The embedded Kafka writes its address to a file there.
            variables = {"STATE_DIR": str(self._trial.folder), **variables}
        if _topic_of_this_folder() != self._trial.topic:
            variables[_TOPIC] = self._trial.topic
        assignments = (f"{name}={shlex.quote(value)}" for name, value in variables.items())
        return " ".join([*assignments, command("tail")])

    def _embedded(self) -> str | None:
        try:
            return (self._trial.folder / "kafka.bootstrap").read_text().strip()
        except FileNotFoundError:
            return None

    def _configured(self) -> str | None:
        try:
            with connect(f"unix://{self._trial.folder / SOCKET}") as supervisord:
                procedures: Any = supervisord.supervisor
                is_running = procedures.getProcessInfo("publisher")["statename"] == "RUNNING"
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return None
        return self._trial.brokers if is_running else None


def _topic_of_this_folder() -> str | None:
    """Return the topic that a command in another terminal reads here, None if .env is wrong."""
    try:
        return read_settings({}, settings_file()).kafka_topic_chat_messages
    except SettingsError:
        return None
