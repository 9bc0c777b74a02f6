"""Status pages: written by one process at full speed, read by another, killed at any moment."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from common.status.page import PAGE_BYTES, PageError, ReadPage, StatusPage, read_page, remove_page
from tests.full_disk import largest_file
from tests.odd_files import not_waiting
from tests.processes import wait_for


class Figures(msgspec.Struct, array_like=True):
    """As large as a reader's status; all its numbers are the same."""

    numbers: list[int]


class Earlier(msgspec.Struct, array_like=True):
    """What an earlier version wrote."""

    first: int


class Later(msgspec.Struct, array_like=True):
    """What a later version writes."""

    first: int
    second: str = "none"


def figures(number: int) -> Figures:
    """Return figures that are all *number*."""
    return Figures([number] * 200)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a page whose folder is not there yet."""
    return tmp_path / "status" / "page"


@contextmanager
def writing(path: Path) -> Iterator[int]:
    """Yield the id of a process that writes larger and larger figures, and kill it afterwards."""
    before = _number(path)
    child = os.fork()
    if not child:
        try:
            page = StatusPage(path, Figures)
            number = page.previous.numbers[0] if page.previous else 0
            while True:
                number += 1
                page.write(figures(number))
        finally:
            os._exit(1)
    try:
        wait_for(lambda: _number(path) > before, 30, "a first write")
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _number(path: Path) -> int:
    try:
        return read_page(path, Figures).status.numbers[0]
    except PageError:
        return 0


def test_what_was_written_is_read(path: Path) -> None:
    """By whoever reads it, while and after its process runs; only the user may."""
    page = StatusPage(path, Figures)
    assert page.previous is None
    page.write(figures(1))
    page.write(figures(2))
    page.write(figures(3))
    assert read_page(path, Figures).status == figures(3)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert path.stat().st_size == PAGE_BYTES
    page.close()
    assert StatusPage(path, Figures).previous == figures(3)


def test_no_torn_read_is_believed(path: Path) -> None:
    """However fast the page is written, all figures are of one moment, and none is older."""
    with writing(path):
        last, changes, until = 0, 0, time.monotonic() + 60
        # On a busy machine, the two processes may run one after the other for long.
        while changes < 5_000:
            assert time.monotonic() < until, changes
            try:
                numbers = read_page(path, Figures).status.numbers
            except PageError:
                continue
            assert numbers == [numbers[0]] * 200
            changes += numbers[0] != last
            assert numbers[0] >= last
            last = numbers[0]


def test_what_is_older_than_it_was_is_not_believed(path: Path) -> None:
    """A slot that was read before its next write, beside one that is being written since."""
    page = StatusPage(path, Figures)
    page.write(figures(1))
    page.write(figures(2))
    first, middle = path.read_bytes(), (PAGE_BYTES + 16) // 2
    page.write(figures(3))
    page.write(figures(4))
    page.close()
    later = bytearray(path.read_bytes())
    # Write 3 is in the second slot, write 4 in the first: of that one, only the start is there.
    later[:middle], later[middle : middle + 8] = first[:middle], (2 * 5 - 1).to_bytes(8, "little")
    path.write_bytes(later)
    with pytest.raises(PageError, match="written faster than it can be read"):
        read_page(path, Figures)


def _removed(path: Path) -> None:
    path.unlink()


def _replaced(path: Path) -> None:
    path.rename(path.with_name("old"))
    _page(path)
    path.with_name("old").unlink()


def _cut(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("spoil", [_removed, _replaced, _cut])
def test_a_page_that_somebody_spoils_is_there_again(
    path: Path, spoil: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing to a map without a file would kill the process. Its figures stay."""
    page = StatusPage(path, Figures)
    page.write(figures(1))
    spoil(path)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1)
    page.write(figures(2))
    assert read_page(path, Figures) == ReadPage(figures(2), is_written=True)
    page.write(figures(3))
    assert read_page(path, Figures) == ReadPage(figures(3), is_written=True)
    page.close()
    assert not read_page(path, Figures).is_written


def test_a_slot_whose_content_is_not_its_own_is_not_believed(path: Path) -> None:
    """A processor may reorder what is written. The other slot holds what was written before."""
    page = StatusPage(path, Figures)
    page.write(figures(1))
    page.write(figures(2))
    page.close()
    content = path.read_bytes()
    changed = bytearray(content)
    # The last number of the newest figures.
    changed[content.rindex(b"\x02\x02\x02") + 2] = 3
    path.write_bytes(changed)
    assert read_page(path, Figures).status == figures(1)


def test_a_kill_at_any_moment_leaves_what_was_written_last(path: Path) -> None:
    """Or what was written before that. The next process goes on from there."""
    last = 0
    for _ in range(50):
        with writing(path):
            time.sleep(random.uniform(0, 0.005))
            seen = _number(path)
        found = read_page(path, Figures)
        numbers = found.status.numbers
        assert numbers == [numbers[0]] * 200
        assert numbers[0] >= seen > last
        assert not found.is_written
        last = numbers[0]


def test_it_shows_whether_its_process_runs(path: Path) -> None:
    """The lock ends with the process."""
    with writing(path):
        assert read_page(path, Figures).is_written
    assert not read_page(path, Figures).is_written


def test_what_the_last_process_wrote_is_not_taken_for_that_of_the_next(path: Path) -> None:
    """Until the next one has written, the page is that of a process that has ended."""
    first = StatusPage(path, Figures)
    first.write(figures(1))
    first.close()
    second = StatusPage(path, Figures)
    assert read_page(path, Figures) == ReadPage(figures(1), is_written=False)
    remove_page(path)
    assert path.exists()
    second.write(figures(2))
    assert read_page(path, Figures) == ReadPage(figures(2), is_written=True)
    second.close()


def test_two_processes_do_not_write_one_page(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The second one works, says so, and leaves the page to the first."""
    with writing(path):
        second = StatusPage(path, Figures)
        second.write(figures(-1))
        assert second.previous is None
        assert _number(path) > 0
        second.close()
        # To close its descriptor does not take the first one's lock away.
        assert read_page(path, Figures).is_written
    assert [f"cannot write the status page {path} (another process writes it)"] == [
        record.getMessage().partition(":")[0] for record in caplog.records
    ]


def _garbage(path: Path) -> None:
    path.write_bytes(random.randbytes(PAGE_BYTES))


def _truncated(path: Path) -> None:
    _page(path)
    os.truncate(path, 1000)


def _empty(path: Path) -> None:
    path.touch()


def _other_version(path: Path) -> None:
    _page(path)
    with path.open("r+b") as file:
        file.seek(8)
        file.write((3).to_bytes(4, "little"))


def _other_size(path: Path) -> None:
    page = StatusPage(path, Figures, 4 * PAGE_BYTES)
    page.write(figures(1))
    page.close()


def _other_kind(path: Path) -> None:
    page = StatusPage(path, Later)
    page.write(Later(1, "text"))
    page.close()


def _not_utf8(path: Path) -> None:
    class Bytes(msgspec.Struct, array_like=True):
        numbers: msgspec.Raw

    page = StatusPage(path, Bytes)
    page.write(Bytes(msgspec.Raw(b"\xa1\xff")))
    page.close()


def _page(path: Path) -> None:
    page = StatusPage(path, Figures)
    page.write(figures(1))
    page.close()


_UNREADABLE_FILES: list[Callable[[Path], None]] = [
    _garbage,
    _truncated,
    _empty,
    _other_version,
    _other_size,
    _other_kind,
    _not_utf8,
]


def test_figures_continue_from_a_release_without_events(path: Path) -> None:
    """That one does not continue newer figures: without the events, they would not balance."""
    _page(path)
    with path.open("r+b") as file:
        file.seek(8)
        assert file.read(4) == (2).to_bytes(4, "little")
        file.seek(8)
        file.write((1).to_bytes(4, "little"))
    assert read_page(path, Figures).status == figures(1)
    page = StatusPage(path, Figures)
    assert page.previous == figures(1)
    page.close()
    assert path.read_bytes()[8:12] == (2).to_bytes(4, "little")


@pytest.mark.parametrize("put", _UNREADABLE_FILES)
def test_a_file_that_is_no_page_is_replaced(
    path: Path, put: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Who reads it hears that it is none; its process begins anew."""
    path.parent.mkdir()
    put(path)
    with pytest.raises(PageError, match=str(path)):
        read_page(path, Figures)
    page = StatusPage(path, Figures)
    assert page.previous is None
    # Before the first write, it does not show what was there.
    with pytest.raises(PageError, match="nothing whole is in it"):
        read_page(path, Figures)
    page.write(figures(7))
    assert read_page(path, Figures).status == figures(7)
    page.close()
    assert not caplog.records


def _link(path: Path) -> None:
    _page(path.with_name("target"))
    path.symlink_to("target")


@pytest.mark.parametrize(
    ("put", "problem"),
    [
        (os.mkfifo, "it is no regular file"),
        (Path.mkdir, "Is a directory"),
        (_link, "Too many levels of symbolic links"),
    ],
)
def test_what_is_no_file_is_left_alone(
    path: Path,
    put: Callable[[Path], None],
    problem: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody waits for a pipe, and a link leads nowhere. The process goes on, with one warning."""
    path.parent.mkdir()
    put(path)
    with not_waiting():
        page = StatusPage(path, Figures)
        page.write(figures(1))
        page.write(figures(2))
        with pytest.raises(PageError):
            read_page(path, Figures)
    (record,) = caplog.records
    assert problem in record.getMessage()
    page.close()
    target = path.with_name("target")
    assert not target.exists() or read_page(target, Figures).status == figures(1)


def test_a_full_disk_stops_nobody(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The page is only in memory then. Without room, writing to a map would kill the process."""
    with largest_file(0):
        page = StatusPage(path, Figures)
        page.write(figures(1))
    assert "cannot write the status page" in caplog.text
    page.close()
    # With room, the next process has a page again.
    page = StatusPage(path, Figures)
    page.write(figures(1))
    assert _number(path) == 1
    page.close()


def test_what_is_too_large_leaves_the_page(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once."""
    page = StatusPage(path, Figures)
    page.write(figures(1))
    page.write(Figures([1] * 3000))
    page.write(Figures([1] * 3000))
    assert _number(path) == 1
    (record,) = caplog.records
    assert "bytes are too many for the status page" in record.getMessage()
    page.close()


def test_versions_read_one_another(path: Path) -> None:
    """A field that is missing has its default; one that is not known is left out."""
    page = StatusPage(path, Earlier)
    page.write(Earlier(5))
    page.close()
    later = StatusPage(path, Later)
    assert later.previous == Later(5, "none")
    later.write(Later(6, "text"))
    later.close()
    assert read_page(path, Earlier).status == Earlier(6)


def test_a_missing_page_is_an_error_for_its_reader(path: Path) -> None:
    """It says which."""
    with pytest.raises(PageError, match=f"{path}: No such file or directory"):
        read_page(path, Figures)
