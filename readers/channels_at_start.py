"""
A supervisord extension that gives supervisord its readers (`[rpcinterface:channels]` in
supervisord.conf).

When supervisord starts, it applies channels.conf before any program starts: a channel that was
removed meanwhile is not joined first. Later, supervisord has readers for the channels that
`channels apply` writes to var/channels.applied, also after `supervisorctl update`.

No mistake keeps a reader from starting that ran before. It is logged.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.open_files import open_files_limit
from common.program_names import READER_PREFIX
from readers.supervision.applied_channels import (
    channels_of_earlier_version,
    read_applied_channels,
    remove_files_of_earlier_version,
    write_applied_channels,
)
from readers.supervision.channels_file import ChannelsFileError, NoChannelsFileError
from readers.supervision.left_pages import remove_left_pages
from readers.supervision.plan import plan_for
from readers.supervision.programs import LEFT_OUT_AS, reader_groups
from readers.wanted_channels import (
    CHANNELS_FILE,
    READERS_VARIABLES,
    WantedChannels,
    first_of,
    wanted_channels,
)


def extend(supervisord: Any) -> object:
    """
    Add the readers to *supervisord* (`supervisor.supervisord.Supervisor`).

    This is a `supervisor.rpcinterface_factory`. It returns an object with remote procedures.
    https://supervisord.org/api.html#adding-your-own-rpc-interface
    """
    options = supervisord.options
    for name in _remove_readers_of_earlier_version(options):
        del supervisord.process_groups[name]
    if not _are_left_out(options):
        groups = reader_groups(options, _apply(options))
        options.process_group_configs = [*options.process_group_configs, *groups]
        for group in groups:
            supervisord.add_process_group(group)
    options.process_config = _with_readers(options, options.process_config)
    return _Procedures(options)


class _Procedures:
    """What supervisord's API has as `channels.…`. Its names are written as the others there."""

    def __init__(self, options: Any) -> None:
        self._options = options

    def getSettings(self) -> dict[str, Any]:  # noqa: N802
        """
        Return what the readers' programs depend on, beside channels.conf and .env

        @return struct result  left_out: whether programs.conf leaves out the readers;
                               environment: the variables that name channels, and STATE_DIR
        """
        environment = _environment(self._options)
        return {
            "left_out": _are_left_out(self._options),
            "environment": {name: environment.get(name, "") for name in READERS_VARIABLES},
        }


def _remove_readers_of_earlier_version(options: Any) -> set[str]:
    """Remove the readers that supervisord has from files of an earlier version; return them."""
    earlier = {
        READER_PREFIX + channel for channel in channels_of_earlier_version(Path(options.here))
    }
    # programs.conf may leave out one, which then has no process.
    removed = {
        group.name
        for group in options.process_group_configs
        if group.name in earlier and group.process_configs
    }
    options.process_group_configs = [
        group for group in options.process_group_configs if group.name not in removed
    ]
    return removed


def _are_left_out(options: Any) -> bool:
    return any(
        group.name in LEFT_OUT_AS and not group.process_configs
        for group in options.process_group_configs
    )


def _with_readers(options: Any, process_config: Callable[..., None]) -> Callable[..., None]:
    """Return a function that reads the files, as *process_config*, and then adds the readers."""

    def read(do_usage: bool = True) -> None:
        process_config(do_usage=do_usage)
        _remove_readers_of_earlier_version(options)
        if _are_left_out(options):
            return
        try:
            applied = read_applied_channels(Path(options.here))
        except ChannelsFileError as error:
            raise ValueError(str(error)) from None
        if applied.problems:
            # As for any other file: supervisord keeps what it has, and says why.
            raise ValueError(applied.problems[0])
        options.process_group_configs = [
            *options.process_group_configs,
            *reader_groups(options, applied.channels),
        ]

    return read


def _apply(options: Any) -> list[str]:
    """Apply channels.conf, and return the channels that are to have a reader."""
    folder = Path(options.here)
    wanted = wanted_channels(folder, _environment(options))
    known = _known(options, folder)
    plan = plan_for(
        wanted.channels,
        known,
        is_doubtful=bool(wanted.problems),
        is_blank=wanted.is_blank,
        open_files=open_files_limit(os.getpid()),
    )
    for problem in (*first_of(wanted.problems), *plan.complaints):
        _error(options, problem)
    _say_if_none(options, wanted)
    try:
        write_applied_channels(folder, plan.channels)
        remove_files_of_earlier_version(folder)
    except OSError as error:
        _error(options, f"cannot write which channels are applied: {error}")
    if wanted.state_dir:
        remove_left_pages(wanted.state_dir, plan.channels)
    return sorted(plan.channels)


def _environment(options: Any) -> dict[str, str]:
    """Return the environment of programs."""
    return {**os.environ, **options.configroot.supervisord.environment}


def _known(options: Any, folder: Path) -> set[str]:
    """Return the channels that had readers before."""
    if earlier := channels_of_earlier_version(folder):
        # It ran last, perhaps after a downgrade: this version removes these files.
        return set(earlier)
    try:
        applied = read_applied_channels(folder)
    except NoChannelsFileError:
        return set()
    except ChannelsFileError as error:
        _error(options, f"it is not known which readers ran before: {error}")
        return set()
    for problem in first_of(applied.problems):
        _error(options, problem)
    return set(applied.channels)


def _say_if_none(options: Any, wanted: WantedChannels) -> None:
    if wanted.channels or wanted.problems:
        return
    if wanted.is_missing:
        options.logger.info(f"channels: no {CHANNELS_FILE}, so no channel is read")
    else:
        options.logger.warn(
            f"channels: no channel to read: add some to {CHANNELS_FILE} or TWITCH_CHANNELS"
        )


def _error(options: Any, text: str) -> None:
    options.logger.error(f"channels: {text}")
