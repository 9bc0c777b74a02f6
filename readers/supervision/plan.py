"""Which readers to start, stop and keep, so that those of the wanted channels run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from common.command_line import command
from readers.supervision.capacity import open_files_for, readers_that_fit


@dataclass(frozen=True)
class Plan:
    """What to do about the readers that supervisord has."""

    start: Sequence[str]
    stop: Set[str]
    keep: Set[str]
    #: Readers that no entry names, but that are kept because entries are wrong or missing.
    spared: Set[str]
    #: What is wanted and is not done, a sentence each.
    complaints: tuple[str, ...]

    @property
    def channels(self) -> set[str]:
        """The channels that have a reader afterwards."""
        return {*self.start, *self.keep, *self.spared}


def plan_for(
    wanted: Sequence[str],
    present: Set[str],
    *,
    is_doubtful: bool,
    is_blank: bool,
    open_files: int,
) -> Plan:
    """
    Return what to do about the readers that are *present*, so that those of *wanted* run.

    A wrong entry may be a mistyped channel, and a blank file may be one that an editor or a full
    disk has emptied. So with either, readers are only added: *is_doubtful* says that something is
    wrong, *is_blank* that channels.conf is missing or names nothing, not even in a comment. There
    are not more readers than supervisord, which may open *open_files*, can run.
    """
    keep = present & set(wanted)
    unnamed = present - keep
    only_adds = is_doubtful or is_blank
    stop, spared = (set[str](), unnamed) if only_adds else (unnamed, set[str]())
    new = [channel for channel in wanted if channel not in present]
    others = len(keep) + len(spared)
    start = new[: max(0, readers_that_fit(open_files) - others)]
    complaints = []
    if spared:
        complaints.append(_spared(spared, is_doubtful=is_doubtful))
    if len(start) < len(new):
        complaints.append(_unfit(len(new) - len(start), others + len(new), open_files))
    return Plan(start, stop, keep, spared, tuple(complaints))


def listed(channels: Iterable[str]) -> str:
    """Return the *channels* for a log line."""
    return ", ".join(sorted(channels)) or "none"


def _spared(channels: Set[str], *, is_doubtful: bool) -> str:
    if is_doubtful:
        apply = command("channels", "apply")
        reason = f"something is wrong; correct it, then run `{apply}`"
    else:
        reason = "channels.conf is missing or empty; to stop them, write a comment into it: # none"
    return f"no reader is stopped, because {reason}; not named: {listed(channels)}"


def _unfit(left_out: int, channels: int, open_files: int) -> str:
    return (
        f"{left_out} of {channels} channels are not read: supervisord may open {open_files} files,"
        f" enough for {readers_that_fit(open_files)} readers; allow it {open_files_for(channels)}"
        " (LimitNOFILE of systemd, or `ulimit -n`) and restart it"
    )
