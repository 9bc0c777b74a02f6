"""What `channels apply` says about a plan, before it is carried out and afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Set

from readers.supervision.groups import ReaderProcess
from readers.supervision.plan import Plan, listed


def preview(plan: Plan, again: Set[str], present: Mapping[str, ReaderProcess]) -> list[str]:
    """Return what would be done, of the readers that are *present*, and start *again*."""
    lines = [f"would start: {listed(plan.start)}", f"would stop: {listed(plan.stop)}"]
    if again:
        states = (f"{name} ({present[name].state})" for name in again)
        lines.append(f"would start again: {listed(states)}")
    return [*lines, f"would keep running: {listed((plan.keep | plan.spared) - again)}"]


def report(plan: Plan, again: Set[str], others: Mapping[str, ReaderProcess | None]) -> list[str]:
    """Return what was done; *others* are wanted readers that do not run nevertheless."""
    started = set(plan.start) - others.keys()
    lines = [f"started: {listed(started)}", f"stopped: {listed(plan.stop)}"]
    if again:
        lines.append(f"started again: {listed(again - others.keys())}")
    kept = (plan.keep | plan.spared) - again - others.keys()
    return [*lines, f"kept running: {len(kept)}"]


def why_not_running(channel: str, process: ReaderProcess | None) -> str:
    """Return a sentence about the wanted *channel* whose reader does not run."""
    if process is None:
        return f"{channel} is not read: supervisord has no process for it, see programs.conf"
    reason = f" ({process.description})" if process.description else ""
    return f"{channel} is not read: its reader is {process.state}{reason}"
