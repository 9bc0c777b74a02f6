"""Which channels the operator wants to be read: those in channels.conf and in the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from common.settings import Settings, SettingsError, read_settings, settings_file
from readers.supervision.channel_names import channel_name, read_channel_names
from readers.supervision.channels_file import (
    ChannelsFileError,
    NoChannelsFileError,
    read_channels_file,
)
from readers.twitch.credentials import has_account

CHANNELS_FILE = "channels.conf"

#: Settings that name channels, too.
CHANNEL_VARIABLES = ("TWITCH_CHANNELS", "TWITCH_CHANNEL")

#: Those, and the one that says where readers have their pages.
READERS_VARIABLES = (*CHANNEL_VARIABLES, "STATE_DIR")

#: https://discuss.dev.twitch.com/t/giving-broadcasters-control-concurrent-join-limits-for-irc-and-eventsub/54997
_CHANNELS_PER_ACCOUNT = 100

#: Further wrong entries are only counted: the file may be something else altogether.
SHOWN_PROBLEMS = 10


@dataclass(frozen=True)
class WantedChannels:
    """The channels that are wanted beyond doubt, and what is wrong."""

    channels: tuple[str, ...]
    #: A sentence for each wrong entry, and for each file or setting that is wrong as a whole.
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    #: Whether there is no channels.conf.
    is_missing: bool
    #: Whether there is nothing in channels.conf, not even a comment, or no such file.
    is_blank: bool
    #: STATE_DIR, None if it is not known because a setting is wrong.
    state_dir: Path | None


def first_of(problems: Sequence[str]) -> list[str]:
    """Return *problems*, without those that would fill the screen."""
    more = len(problems) - SHOWN_PROBLEMS
    shown = list(problems[:SHOWN_PROBLEMS])
    return [*shown, f"{more} more entries are wrong"] if more > 0 else shown


def wanted_channels(folder: Path, environment: Mapping[str, str]) -> WantedChannels:
    """Return what channels.conf and `.env` in *folder*, and *environment*, say about channels."""
    settings, errors = None, list[str]()
    try:
        settings = read_settings(environment, settings_file(folder))
    except SettingsError as error:
        errors = str(error).splitlines()
    wanted = channels_wanted_by(settings, folder)
    return replace(wanted, problems=(*wanted.problems, *errors))


def channels_wanted_by(settings: Settings | None, folder: Path) -> WantedChannels:
    """Return what channels.conf in *folder*, and *settings*, say about channels."""
    problems: list[str] = []
    channels: dict[str, None] = {}
    text, is_missing = "", False
    try:
        text = read_channels_file(folder / CHANNELS_FILE)
    except NoChannelsFileError:
        is_missing = True
    except ChannelsFileError as error:
        problems.append(str(error))
    in_file = read_channel_names(text)
    channels.update(dict.fromkeys(in_file.channels))
    problems += [f"{CHANNELS_FILE}, {problem}" for problem in in_file.problems]
    if settings:
        _add_settings(settings, channels, problems)
    return WantedChannels(
        tuple(channels),
        tuple(problems),
        _warnings(settings, len(channels)),
        is_missing,
        is_blank=not text.strip(),
        state_dir=folder / settings.state_dir if settings else None,
    )


def _add_settings(settings: Settings, channels: dict[str, None], problems: list[str]) -> None:
    both = (settings.twitch_channels, settings.twitch_channel)
    for variable, entries in zip(CHANNEL_VARIABLES, both, strict=True):
        for name in " ".join(entries).split():
            try:
                channels[channel_name(name)] = None
            except ValueError as error:
                problems.append(f"{variable}: {error}")


def _warnings(settings: Settings | None, channels: int) -> tuple[str, ...]:
    if settings is None:
        return ()
    if channels <= _CHANNELS_PER_ACCOUNT or not has_account(settings):
        return settings.warnings
    return (
        *settings.warnings,
        f"{channels} channels, but Twitch lets one account read {_CHANNELS_PER_ACCOUNT} at a time",
    )
