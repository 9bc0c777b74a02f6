"""
Read channels.conf as text, whichever editor saved it, or say what keeps it from being text.

A file that is not understood as a whole must not be taken for a list without channels: that would
stop all readers.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from common.files import read_small_file

#: More than a hundred thousand channels need. A larger file is something else, such as a log.
MAX_BYTES = 4 * 1024 * 1024


class ChannelsFileError(Exception):
    """Raised when the file cannot be read as text. The text says why, and what to do."""


class NoChannelsFileError(ChannelsFileError):
    """Raised when there is no such file."""


def read_channels_file(path: Path) -> str:
    """
    Return the text of the file at *path*: UTF-8, with or without byte order mark, or UTF-16 with
    one.

    Raises ChannelsFileError, with one line for the user, when it cannot be read, and when it is not
    text in one of these encodings; NoChannelsFileError when there is no such file.
    """
    try:
        content = read_small_file(path, MAX_BYTES)
    except FileNotFoundError as error:
        raise NoChannelsFileError(f"cannot read {path}: {error.strerror}") from None
    except OSError as error:
        raise ChannelsFileError(f"cannot read {path}: {error.strerror}") from None
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if is_utf_16 else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        # The codec counts from the end of a byte order mark, and so does the object in the error.
        before = error.object[: error.start].decode(encoding, "ignore")
        wrong = error.object[error.start]
        name = "UTF-16" if is_utf_16 else "UTF-8"
        raise ChannelsFileError(
            f"{path}, line {_line(before)}: byte 0x{wrong:02x} is not valid {name}:"
            " save the file as UTF-8"
        ) from None
    if "\0" in text:
        line = _line(text.partition("\0")[0])
        raise ChannelsFileError(
            f"{path}, line {line}: a NUL character: this is not text, or UTF-16 without a byte"
            " order mark; save the file as UTF-8"
        )
    return text


def _line(before: str) -> int:
    return before.count("\n") + 1
