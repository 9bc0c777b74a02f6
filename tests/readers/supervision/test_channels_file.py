"""What channels.conf may turn out to be: text in several encodings, or no text at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from readers.supervision.channels_file import MAX_BYTES, ChannelsFileError, read_channels_file

TEXT = "# żółw\r\nxqc\r\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
    ],
    ids=["UTF-8", "UTF-8 with BOM", "UTF-16 LE", "UTF-16 BE"],
)
def test_text_is_read_in_each_encoding(tmp_path: Path, content: bytes) -> None:
    """Without the byte order mark."""
    path = tmp_path / "channels.conf"
    path.write_bytes(content)
    assert read_channels_file(path) == TEXT


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("xqc\n# für\n".encode("latin-1"), r"line 2: byte 0xfc is not valid UTF-8: save"),
        (b"\xef\xbb\xbfxqc\n\xfc\n", r"line 2: byte 0xfc is not valid UTF-8: save"),
        ("xqc\nshroud\n".encode("utf-16-le"), r"line 1: a NUL character"),
        ("xqc\nshroud\n".encode("utf-16-be"), r"line 1: a NUL character"),
        ("xqc\nshroud\n".encode("utf-32"), r"line 1: a NUL character"),
        ("xqc\n".encode("utf-16") + b"x", r"line 2: byte 0x78 is not valid UTF-16"),
        (b"xqc\nshroud\n\0\0\0\0", r"line 3: a NUL character"),
        (b"\x7fELF\x02\x01\x01\x00", r"line 1: a NUL character"),
        (b"x\n" * MAX_BYTES, r"cannot read .*: File too large"),
    ],
)
def test_what_is_not_text_is_an_error_with_its_line(
    tmp_path: Path, content: bytes, error: str
) -> None:
    """One line, which says what to do."""
    path = tmp_path / "channels.conf"
    path.write_bytes(content)
    with pytest.raises(ChannelsFileError, match=error) as raised:
        read_channels_file(path)
    assert "\n" not in str(raised.value)


def test_what_is_not_a_file_is_an_error(tmp_path: Path) -> None:
    """Nothing waits for a writer of a FIFO."""
    fifo, dangling = tmp_path / "fifo", tmp_path / "dangling"
    os.mkfifo(fifo)
    dangling.symlink_to(tmp_path / "nowhere")
    for path, error in [
        (tmp_path, "Not a regular file"),
        (fifo, "Not a regular file"),
        (Path("/dev/zero"), "Not a regular file"),
        (dangling, "No such file"),
        (tmp_path / "missing", "No such file"),
    ]:
        with pytest.raises(ChannelsFileError, match=error):
            read_channels_file(path)
