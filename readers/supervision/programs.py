"""
The readers as supervisord programs, without a file for each.

supervisord takes time that is quadratic in the number of files that it includes: 1.9 s for a
thousand, on each `supervisorctl update`. And it does not start if one of them is damaged.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any

from supervisor.options import UnhosedConfigParser

from common.program_names import READER_PREFIX

#: A program of one of these names, without a process, says that a host has no readers. `channels`
#: was a program of an earlier version, and is in the programs.conf of old hosts.
LEFT_OUT_AS = frozenset({"readers", "channels"})

# `%(here)-s` is the folder of supervisord.conf, see there. `_group` adds the channel.
_PROGRAM = f"""\
[program:{READER_PREFIX}]
command=python3 -m readers
directory=%(here)-s
priority=200
; 78 is a wrong setting: do not restart until it is corrected. Restart after any other status.
autorestart=unexpected
exitcodes=78
; Retry after 1 s, 2 s, 3 s and so on, indefinitely.
startsecs=3
startretries=1000000
; A reader waits up to 10 s for acknowledgements.
stopwaitsecs=15
redirect_stderr=true
stdout_logfile=NONE
stdout_events_enabled=true
"""


def reader_groups(options: Any, channels: Iterable[str]) -> list[Any]:
    """
    Return supervisord's process groups for the readers of *channels*, one for each.

    They are the same as if *options* (`supervisor.options.ServerOptions`) had read them from a
    file. A group that programs.conf defines itself is left out.
    """
    defined = {group.name for group in options.process_group_configs}
    template = _template(options)
    groups = [
        _group(template, channel) for channel in channels if READER_PREFIX + channel not in defined
    ]
    return sorted(groups)


def _template(options: Any) -> Any:
    """Return the group of a reader that has no channel yet."""
    parser = UnhosedConfigParser()
    parser.expansions = options.environ_expansions
    parser.read_string(_PROGRAM)
    (group,) = options.process_groups_from_parser(parser)
    (program,) = group.process_configs
    program.environment = {
        **options.configroot.supervisord.environment,
        **program.environment,
    }
    return group


def _group(template: Any, channel: str) -> Any:
    # To read the text for each of a thousand channels would take supervisord a quarter of a second.
    group, program = copy(template), copy(template.process_configs[0])
    group.name = program.name = READER_PREFIX + channel
    group.process_configs = [program]
    program.command = f"{program.command} {channel}"
    return group
