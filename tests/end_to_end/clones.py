"""Clones of the repository in which `scripts/run` runs, and what it prints."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

from tests.process_table import running_processes
from tests.processes import REPOSITORY, Process, wait_for_line

#: The commands that show the messages: `tail`, and kcat with Kafka's address and the topic.
COMMANDS = r"^ +(.*KAFKA_BROKERS=.* tail --all)\n +kcat -b (\S+) -t (\S+) -C$"


#: The first line that the script prints itself, with the URL of the live page.
LIVE_PAGE = r"^The live page: (http://\S+/)$"


def make_clone(folder: Path) -> Path:
    """Copy the script's files to *folder*, with this Python environment as the installed one."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("scripts", "simulator"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=ignore)
    for name in ("supervisord.conf", "setup.cfg", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, folder)
    (folder / "channels.conf").write_text("decoy\n")
    environment = folder / ".venv"
    environment.mkdir()
    for entry in Path(sys.prefix).iterdir():
        (environment / entry.name).symlink_to(entry)
    # It names the folder of the environment: scripts/install creates a moved one again.
    description = environment / "pyvenv.cfg"
    content = description.read_text().replace(sys.prefix, str(environment))
    description.unlink()
    description.write_text(content)
    requirements = (folder / "setup.cfg").read_bytes() + (folder / "pyproject.toml").read_bytes()
    for extra in ("plain", "dev"):
        stamp = environment / f"installed-{extra}"
        stamp.unlink(missing_ok=True)
        stamp.write_bytes(requirements)
    return folder


def printed_address_and_topic(script: Process) -> tuple[str, str]:
    """Return Kafka's address and the topic, which the script prints once everything runs."""
    match = wait_for_line(script, COMMANDS, timeout_s=60)
    return match[2], match[3]


def printed_live_page(script: Process) -> str:
    """Return the URL of the live page, which the script prints first."""
    return wait_for_line(script, LIVE_PAGE, timeout_s=60)[1]


def press_ctrl_c(script: Process) -> None:
    """Send SIGINT to the process group in the foreground, as a terminal does."""
    os.killpg(script.pid, signal.SIGINT)


def wait_until_stopped(script: Process) -> None:
    """Expect *script* to end with status 0, and all that it has started to end when asked to."""
    assert script.wait(timeout_s=60) == 0
    assert "killing '" not in script.output()


def still_running(script: Process) -> list[str]:
    """Return the commands of the processes of *script* that still run."""
    return [p.command() for p in running_processes() if p.session == script.pid]
