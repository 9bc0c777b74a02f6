"""Where a trial and its messages can be seen: known only once its publisher runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from common.command_line import command
from common.settings import Settings, SettingsError, read_settings, settings_file
from twitch_ingestion.trial import Trial, ask_supervisord, topics_of

_TEXT = """
The live page: {page}
In another terminal in {here}, the same, and what is said:
    {top}
    {tail}
    {kcat}
Ctrl-C stops everything.

"""


def where_to_look(trial: Trial) -> str | None:
    """Return the commands that show the messages of *trial*; None while its publisher is down."""
    address = _embedded(trial.folder) if trial.is_embedded else _configured(trial)
    if address is None:
        return None
    kcat = shlex.join(["kcat", "-b", address, "-t", trial.topic, "-C"])
    return _TEXT.format(
        page=trial.live_page(), here=Path.cwd(), top=_top(trial), tail=_tail(trial), kcat=kcat
    )


def _top(trial: Trial) -> str:
    settings = _settings_of_this_folder()
    if settings is not None and settings.monitor_bind == trial.monitor:
        return command("top")
    return _with_variables({"MONITOR_BIND": str(trial.monitor)}, command("top"))


def _tail(trial: Trial) -> str:
    variables = {"KAFKA_BROKERS": trial.brokers}
    if trial.is_embedded:
        # The embedded Kafka writes its address to a file there.
        variables = {"STATE_DIR": str(trial.folder), **variables}
    settings = _settings_of_this_folder()
    here = topics_of(settings) if settings else {}
    others = {name: topic for name, topic in trial.topics.items() if here.get(name) != topic}
    return _with_variables(variables | others, command("tail", "--all"))


def _with_variables(variables: Mapping[str, str], words: str) -> str:
    assignments = (f"{name}={shlex.quote(value)}" for name, value in variables.items())
    return " ".join([*assignments, words])


def _embedded(folder: Path) -> str | None:
    try:
        return (folder / "kafka.bootstrap").read_text().strip()
    except FileNotFoundError:
        return None


def _configured(trial: Trial) -> str | None:
    publisher = ask_supervisord(trial.folder, "getProcessInfo", "publisher")
    return trial.brokers if publisher and publisher["statename"] == "RUNNING" else None


def _settings_of_this_folder() -> Settings | None:
    """Return the settings of a command in another terminal here, None if .env is wrong."""
    try:
        return read_settings({}, settings_file())
    except SettingsError:
        return None
