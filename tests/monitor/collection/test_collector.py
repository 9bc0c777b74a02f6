"""What is known about a host: pages, supervisord's programs, /proc and free space."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from statistics import median

import pytest

from common.status.page import ReadPage, StatusPage
from common.status.reader_status import ReaderStatus, reader_page, status_folder
from monitor.collection.collector import Collector
from monitor.metrics.text import metrics_text
from readers.supervision.left_pages import remove_left_pages
from tests.monitor.status_pages import StatusPages
from tests.odd_files import ODD_FILES, OddFile
from tests.processes import StartProcess, wait_for

#: A supervisord with two programs, as small as can be. They stay STARTING, however late a test
#: looks.
_CONFIGURATION = """\
[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
pidfile=%(here)s/var/supervisord.pid
[unix_http_server]
file=%(here)s/var/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:publisher]
command=sleep 1000
startsecs=1000
[program:reader-xqc]
command=sleep 1000
startsecs=1000
[program:reader-forsen]
command=sleep 1000
autostart=false
"""


@pytest.fixture
def collector(short_folder: Path) -> Collector:
    """Return a collector for `short_folder`, which is supervisord's folder too."""
    return Collector(short_folder / "var", short_folder)


def test_an_empty_host_is_known_as_such(collector: Collector) -> None:
    """Before the first process has started, when there is not even a folder."""
    host = collector.collect()
    assert (host.readers, host.publisher, host.auth, host.programs) == ({}, None, None, None)
    assert (host.unreadable, host.supervisord_problem, host.free_bytes) == ({}, "", None)


def test_all_pages_are_read(collector: Collector, pages: StatusPages) -> None:
    """With whether their processes run."""
    xqc, publisher, auth = pages.reader("xqc"), pages.publisher(), pages.auth(login="somebody")
    forsen = pages.reader("forsen", received=7)
    pages.end_reader("forsen")
    host = collector.collect()
    assert host.readers == {"xqc": ReadPage(xqc, True), "forsen": ReadPage(forsen, False)}
    assert host.publisher == ReadPage(publisher, True)
    assert host.auth == ReadPage(auth, True)
    assert host.unreadable == {}
    assert abs(host.at_ms - time.time() * 1000) < 60_000
    free = shutil.disk_usage(pages.state_dir).free
    assert host.free_bytes is not None
    assert abs(host.free_bytes - free) < free / 2


@pytest.mark.parametrize(
    "odd_file",
    # Not those that change the folder, which has other pages here.
    [odd for odd in ODD_FILES if not odd.__name__.startswith("_in_")],
    ids=lambda odd: odd.__name__.strip("_"),
)
def test_a_page_that_cannot_be_read_costs_nothing_else(
    collector: Collector, pages: StatusPages, odd_file: OddFile
) -> None:
    """Whatever is in its place. It is named, with the reason."""
    pages.reader("xqc")
    pages.publisher()
    path = reader_page(pages.state_dir, "forsen")
    odd_file(path)
    host = collector.collect()
    assert set(host.readers) == {"xqc"}
    assert host.publisher is not None
    assert set(host.unreadable) == {"reader-forsen"}
    assert str(path) in host.unreadable["reader-forsen"]


def test_a_folder_of_pages_that_is_none_is_named(short_folder: Path, collector: Collector) -> None:
    """A file in its place, for example."""
    folder = status_folder(short_folder / "var")
    folder.parent.mkdir()
    folder.write_text("")
    host = collector.collect()
    assert host.unreadable["status"] == f"{folder}: Not a directory"


def test_a_channel_that_is_being_removed_is_in_one_place(
    collector: Collector, short_folder: Path
) -> None:
    """Its reader's page, or the sums of removed readers: a sum of both would fall, or rise."""
    state_dir, count = short_folder / "var", 300
    for number in range(count):
        page = StatusPage(reader_page(state_dir, f"channel_{number}"), ReaderStatus)
        page.write(ReaderStatus(received=1))
        page.close()
    removal = threading.Thread(target=remove_left_pages, args=(state_dir, set()))
    seen: list[int] = []
    removal.start()
    try:
        while removal.is_alive() or not seen:
            host = collector.collect()
            present = sum(page.status.received for page in host.readers.values())
            seen.append(present + host.removed_readers.received)
    finally:
        removal.join()
    assert set(seen) == {count}
    assert collector.collect().removed_readers.received == count


def test_supervisords_programs_are_known_with_what_they_use(
    collector: Collector, short_folder: Path, processes: StartProcess
) -> None:
    """Those of readers are added up."""
    _start_supervisord(short_folder, processes)
    host = collector.collect()
    assert host.programs is not None
    assert {name: program.state for name, program in host.programs.items()} == {
        "publisher": "STARTING",
        "reader-xqc": "STARTING",
        "reader-forsen": "STOPPED",
    }
    assert set(host.usage) == {"monitor", "publisher", "readers"}
    assert host.usage["monitor"].processor_s > 0

    def have_memory() -> bool:
        # A program that was started just now has a few pages only.
        usages = collector.collect().usage.values()
        return all(usage.resident_bytes > 50_000 for usage in usages)

    wait_for(have_memory, 60, "the programs to be loaded")


def test_a_supervisord_that_hangs_or_has_ended_does_not_hold_up_anything(
    collector: Collector, short_folder: Path, processes: StartProcess, pages: StatusPages
) -> None:
    """The reason is known after its time-out, and the last answer stays."""
    supervisord = _start_supervisord(short_folder, processes)
    pages.publisher()
    before = collector.collect()
    os.kill(supervisord, signal.SIGSTOP)
    took_s: list[float] = []

    def problem() -> str:
        began = time.monotonic()
        host = collector.collect()
        took_s.append(time.monotonic() - began)
        assert host.publisher is not None
        return host.supervisord_problem

    # The slower its last answer was, the later it is asked again: after 30 s at most.
    assert wait_for(problem, 60, "the time-out") == "supervisord has not answered for 2 s"
    # Waiting for the answer would take 2 s.
    assert median(took_s) < 1
    after = collector.collect()
    assert before.programs is not None
    assert after.programs == before.programs
    # Or what they have used so far would be counted again as soon as supervisord responds.
    assert after.usage.keys() == before.usage.keys()
    text = metrics_text(after, per_channel=True)
    assert 'twitch_ingestion_program_up{program="supervisord"} 0\n' in text


def test_a_socket_without_supervisord_is_told_from_no_socket(
    collector: Collector, short_folder: Path, processes: StartProcess
) -> None:
    """A killed supervisord leaves its socket."""
    supervisord = _start_supervisord(short_folder, processes)
    os.kill(supervisord, signal.SIGKILL)
    wait_for(lambda: not _listens(short_folder), 30, "its end")
    host = collector.collect()
    assert host.programs is None
    assert host.supervisord_problem == "supervisord cannot be asked: [Errno 111] Connection refused"


def _start_supervisord(folder: Path, processes: StartProcess) -> int:
    (folder / "var").mkdir(exist_ok=True)
    (folder / "supervisord.conf").write_text(_CONFIGURATION)
    program = str(Path(sys.executable).parent / "supervisord")
    supervisord = processes([program, "-c", "supervisord.conf"])
    wait_for(lambda: _runs(folder), 20, "supervisord")
    return supervisord.pid


def _runs(folder: Path) -> bool:
    programs = Collector(folder / "var", folder).collect().programs or {}
    return all(programs.get(name) and programs[name].pid for name in ("publisher", "reader-xqc"))


def _listens(folder: Path) -> bool:
    return not Collector(folder / "var", folder).collect().supervisord_problem
