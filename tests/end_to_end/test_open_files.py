"""supervisord when it may open only a few files."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path

from common import exit_codes
from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SupervisedService, prepare
from tests.processes import StartProcess, python_module, wait_for_line

#: The least that supervisord starts with (`minfds`), and the readers that fit.
_OPEN_FILES, _FITTING = 128, 14


def test_as_many_readers_are_started_as_fit(processes: StartProcess, short_folder: Path) -> None:
    """The soft limit is raised to the hard one. The log says what is left out, and what to set."""
    channels = [f"channel_{number}" for number in range(_FITTING + 2)]
    start = _limited(processes, soft=_OPEN_FILES - 1, hard=_OPEN_FILES)
    with BackgroundChatServer() as twitch:
        prepare(short_folder, chat_port=twitch.port, channels="\n".join(channels[1:]))
        service = SupervisedService(start, short_folder)
        wait_for_line(
            service.supervisord,
            r"channels: 1 of 15 channels are not read: supervisord may open 128 files, enough for"
            r" 14 readers; allow it 130 \(LimitNOFILE of systemd, or `ulimit -n`\) and restart it$",
            timeout_s=30,
        )
        present = service.wait_for_readers(channels[1:-1])
        assert "would stop: none" in service.dry_run()
        # A channel that is added before the others must not push one of them out.
        applied = service.read("\n".join(channels))
        assert "2 of 16 channels are not read" in applied.stdout
        assert applied.returncode == exit_codes.SETTINGS
        assert (
            service.wait_for_readers(channels[1:-1])["reader-channel_1"]
            == (present["reader-channel_1"])
        )
        # A reader is a fork of supervisord.
        assert _inherited(present["reader-channel_14"].pid, service.supervisord.pid) == set()


def test_the_publisher_may_open_as_many_files_as_the_hard_limit_allows(
    processes: StartProcess,
) -> None:
    """The usual soft limit, 1,024, is not enough for a thousand readers."""
    addresses = {"PUBLISHER_BIND": "ipc://batches", "PUBLISHER_ACK_BIND": "ipc://acknowledgements"}
    start = _limited(processes, soft=200, hard=3000)
    publisher = start(python_module("publisher"), {**addresses, "KAFKA_BROKERS": "127.0.0.1:1"})
    wait_for_line(publisher, "started, environment", timeout_s=20)
    assert resource.prlimit(publisher.pid, resource.RLIMIT_NOFILE) == (3000, 3000)


def _limited(processes: StartProcess, *, soft: int, hard: int) -> StartProcess:
    """Return a function that starts programs with these limits of open files."""
    script = f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$0" "$@"'
    return lambda arguments, environment=None: processes(
        ["sh", "-c", script, *arguments], environment
    )


def _inherited(reader: int, supervisord: int) -> set[str]:
    """Return the pipes and sockets of *supervisord* that *reader* has open, beside its output."""
    ours = {target for number, target in _open_files(reader).items() if number > 2}
    shared = ours & set(_open_files(supervisord).values())
    return {target for target in shared if target.startswith(("pipe:", "socket:"))}


def _open_files(pid: int) -> dict[int, str]:
    folder = Path(f"/proc/{pid}/fd")
    found = {}
    for link in folder.iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found[int(link.name)] = os.readlink(link)
    return found
