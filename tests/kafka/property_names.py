"""Asks the installed librdkafka for the names of its properties."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

from confluent_kafka import cimpl

_ROW = re.compile(r"^(\S+) *\|.*\| Alias for `(\S+)`:", re.MULTILINE)


def librdkafka_aliases(folder: Path) -> list[tuple[str, str]]:
    """Return each alias with the name that it stands for; *folder* is for a temporary file."""
    file = folder / "properties"
    c = ctypes.CDLL(None)
    c.fopen.restype = ctypes.c_void_p
    stream = ctypes.c_void_p(c.fopen(str(file).encode(), b"w"))
    # The handle of the extension module finds the symbols of the library that it is linked to.
    ctypes.CDLL(cimpl.__file__).rd_kafka_conf_properties_show(stream)
    c.fclose(stream)
    return _ROW.findall(file.read_text())
