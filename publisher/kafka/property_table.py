"""What the installed librdkafka says about its properties."""

from __future__ import annotations

import ctypes
import functools
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import cimpl

_ROW = re.compile(
    r"^(?P<name>[a-z._]+) *\| +(?:\*|[PC]) +\| (?P<range>.*?) *\| .* \| \w+ +\| "
    r"(?:Alias for `(?P<alias>[^`]+)`: )?.*<br>\*Type: (?P<kind>[^*]+)\*$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Property:
    """A property of librdkafka, under one of its names."""

    #: The name that librdkafka uses in its errors.
    name: str
    #: What it may hold, such as `0 .. 900000` or `none, gzip`; empty if that is not listed.
    range: str
    #: Such as `integer`, `boolean`, `enum value` and `CSV flags`.
    kind: str


@functools.cache
def property_table() -> Mapping[str, Property]:
    """Return all properties by each of their names; empty if librdkafka cannot be asked."""
    try:
        text = _listed()
    except (OSError, AttributeError):
        # The extension module does not export the function, or this is no libc that we know.
        return {}
    found: dict[str, Property] = {}
    for row in _ROW.finditer(text):
        # Some are listed twice, globally and for topics, with the same meaning.
        about = Property(row["alias"] or row["name"], row["range"], row["kind"])
        found.setdefault(row["name"], about)
    return found


def _listed() -> str:
    """Return the table of https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md."""
    libc = ctypes.CDLL(None)
    libc.fdopen.restype = ctypes.c_void_p
    with tempfile.TemporaryFile() as file:
        stream = ctypes.c_void_p(libc.fdopen(os.dup(file.fileno()), b"w"))
        try:
            # The handle of the extension module finds the symbols of the library it is linked to.
            ctypes.CDLL(cimpl.__file__).rd_kafka_conf_properties_show(stream)
        finally:
            libc.fclose(stream)
        file.seek(0)
        return file.read().decode()
