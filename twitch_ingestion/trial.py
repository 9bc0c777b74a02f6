"""
What a trial of the whole service consists of: a working folder, and the environment for it.

The folder has its own supervisord.conf, channels.conf and state, so the files of an installation in
the same place are neither used nor changed. Readers reach the publisher through Unix sockets in it:
on the default ports may be the publisher of another installation, which would publish the messages.
"""

from __future__ import annotations

import http.client
import os
import shutil
import xmlrpc.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simulator
from common.command_line import program
from common.setting_table import variables
from common.settings import EMBEDDED, Settings, read_environment, read_settings, settings_file
from common.settings_file import SettingsFile
from common.supervisor_client import SOCKET, connect
from common.web_address import WebAddress
from monitor.collection.own_address import reachable
from monitor.web.listening import check_token
from readers.opt_out.file import OPT_OUT_FILE
from readers.wanted_channels import CHANNELS_FILE
from simulator.playback import load_recordings
from twitch_ingestion.free_ports import available, free_port
from twitch_ingestion.packaged_files import PACKAGED, PROGRAMS, SETTINGS, SUPERVISORD

#: What supervisord and the link have in the folder while they run.
_RUNTIME = Path("var")
_SIMULATOR_PROGRAM = Path(simulator.__file__).with_name("program.conf")

#: Settings that a trial of recorded chat ignores. Where its live page is, and who may see it, are
#: not among them: the loopback interface of a container is of no use.
_IGNORED = (
    *("TWITCH_", "KAFKA_", "PUBLISHER_", "OUTBOX_", "DELIVERY", "DEDUPLICATE"),
    *("MONITOR_PEERS", "MONITOR_SHOW_MESSAGES", "METRICS_"),
)

#: Relative to the folder, because a Unix socket's path is short.
_BATCHES = "ipc://var/batches"
_ACKNOWLEDGEMENTS = "ipc://var/acknowledgements"
_LINK = {
    "PUBLISHER_BIND": _BATCHES,
    "PUBLISHER_ENDPOINT": _BATCHES,
    "PUBLISHER_ACK_BIND": _ACKNOWLEDGEMENTS,
    "PUBLISHER_ACK_ENDPOINT": _ACKNOWLEDGEMENTS,
}
#: Seconds to wait for supervisord's answer. It responds at once unless its process is suspended.
_ANSWER_WITHIN_S = 5.0
#: A list without an entry. It takes precedence over .env, an empty variable does not.
_NONE = ","


class TrialError(Exception):
    """Raised when a trial cannot be started now. The text is one line for the user."""


@dataclass(frozen=True)
class Trial:
    """A working folder, relative to the working directory, and the environment for it."""

    folder: Path
    environment: Mapping[str, str]
    #: The Kafka to publish to.
    brokers: str
    #: The names of the topics, by the variables that they are set with.
    topics: Mapping[str, str]
    #: Where its monitor listens.
    monitor: WebAddress

    @property
    def topic(self) -> str:
        """The topic of the messages."""
        return self.topics["KAFKA_TOPIC_CHAT_MESSAGES"]

    @property
    def is_embedded(self) -> bool:
        """Whether the messages go to a Kafka in the publisher's memory."""
        return self.brokers == EMBEDDED

    def live_page(self) -> str:
        """Return the URL of the live page."""
        return f"http://{reachable(self.monitor)}/"

    def supervisord(self) -> list[str]:
        """Return the command that runs everything."""
        return [*program("supervisord"), "-c", str(self.folder / SUPERVISORD)]


def topics_of(settings: Settings) -> dict[str, str]:
    """Return the names of the topics that `tail` prints, by the variables they are set with."""
    return {
        variable.metadata["name"]: getattr(settings, variable.name)
        for variable in variables()
        if variable.name.startswith("kafka_topic_") and "tail" in variable.metadata["users"].split()
    }


def ask_supervisord(folder: Path, procedure: str, *arguments: str) -> Any:
    """
    Call *procedure* of the supervisord in *folder*, and return its result; None without a response.

    https://supervisord.org/api.html
    """
    try:
        with connect(f"unix://{folder / SOCKET}", within_s=_ANSWER_WITHIN_S) as supervisord:
            return getattr(supervisord.supervisor, procedure)(*arguments)
    except (OSError, http.client.HTTPException, xmlrpc.client.Error):
        return None


def recorded_trial(folder: Path, environment: Mapping[str, str]) -> Trial:
    """Set up *folder* to play recorded chat. Raises OSError, and SettingsError."""
    kept = {name: text for name, text in environment.items() if not name.startswith(_IGNORED)}
    channels = (recording.channel for recording in load_recordings())
    # Made-up chat that was not sent is of no use, and the time since the last demo is no gap.
    for left in ("outbox", "status", "messages"):
        shutil.rmtree(folder / left, ignore_errors=True)
    _make_folder(folder, channels, _SIMULATOR_PROGRAM.read_text())
    twitch = {
        "TWITCH_IRC_HOST": "localhost",
        "TWITCH_IRC_PORT": str(free_port("127.0.0.1")),
        # Certificates would need another package, and this connection stays on this machine.
        "TWITCH_IRC_TLS": "false",
    }
    # The chat is made up, so the live page may show it.
    others = {"KAFKA_BROKERS": EMBEDDED, "MONITOR_SHOW_MESSAGES": "true"}
    return _trial(folder, kept, SettingsFile(), twitch | others)


def live_trial(folder: Path, channels: Iterable[str], environment: Mapping[str, str]) -> Trial:
    """
    Set up *folder* to read *channels* of the real Twitch, with the settings of this directory.

    Raises OSError, and SettingsError if a setting is wrong or .env cannot be used.
    """
    settings = read_environment(environment)
    _make_folder(folder, channels, "; Everything runs here.\n")
    own_settings = Path.cwd() / SETTINGS
    # Also if it is a link to nothing, so that this is noticed. An absolute link, because `var` may
    # be a link to another disk.
    if os.path.lexists(own_settings):
        (folder / SETTINGS).symlink_to(own_settings)
    # Also if nobody has opted out yet: readers look for the file as long as they run.
    (folder / OPT_OUT_FILE).symlink_to(Path.cwd() / OPT_OUT_FILE)
    # Use the login that was made here.
    store = settings.get("TWITCH_TOKEN_STORE", "tokenStore.json").strip()
    return _trial(
        folder,
        environment,
        settings_file(),
        {
            "TWITCH_TOKEN_STORE": store if store.startswith("~") else os.path.abspath(store),
            # Only the channels that were given. The link needs no keys, and has none.
            "TWITCH_CHANNEL": _NONE,
            "TWITCH_CHANNELS": _NONE,
            "PUBLISHER_PUBLIC_KEY": _NONE,
            "KAFKA_BROKERS": settings.get("KAFKA_BROKERS", EMBEDDED).strip(),
        },
    )


def _trial(
    folder: Path, environment: Mapping[str, str], file: SettingsFile, changes: Mapping[str, str]
) -> Trial:
    """Return the trial in *folder* with *changes* to *environment*, which has *file* as .env."""
    state = {"STATE_DIR": str(Path.cwd() / folder)}
    changed = {**environment, **_LINK, **state, **changes}
    settings = read_settings(changed, file)
    check_token(settings)
    monitor = available(settings.monitor_bind)
    return Trial(
        folder,
        {**changed, "MONITOR_BIND": str(monitor)},
        settings.kafka_brokers,
        topics_of(settings),
        monitor,
    )


def _make_folder(folder: Path, channels: Iterable[str], programs: str) -> None:
    """Make *folder*, or bring it to its first state, except for messages not sent yet."""
    shutil.rmtree(folder / _RUNTIME, ignore_errors=True)
    for left in (SETTINGS, OPT_OUT_FILE, "kafka.bootstrap"):
        (folder / left).unlink(missing_ok=True)
    (folder / _RUNTIME).mkdir(parents=True)
    shutil.copy(PACKAGED / SUPERVISORD, folder)
    (folder / PROGRAMS).write_text(programs)
    (folder / CHANNELS_FILE).write_text("".join(f"{channel}\n" for channel in channels))
