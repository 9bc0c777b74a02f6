"""
Objects whose reference count never changes, as that of `None` (PEP 683).

A reader that uses a shared object counts its references, so it writes to the object's page, which
is copied. CPython does not count the references of an immortal object, but lets only C code make
one. So this module writes the count itself, in the versions of CPython whose layout it knows.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import sysconfig
from types import CodeType

#: The lower 32 bits of an immortal object's `ob_refcnt`, by version (Include/refcount.h;
#: Include/object.h before 3.14).
_COUNTS = {
    (3, 12): 0xFFFFFFFF,
    (3, 13): 0xFFFFFFFF,
    (3, 14): 3 << 30,
}

#: Since 3.14, some code looks at a flag instead (Include/object.h: `ob_flags`,
#: `_Py_IMMORTAL_FLAGS`). Without it, that code would count down.
_FLAGS_AT, _IMMORTAL_FLAG = 6, 1


def immortal_count() -> int | None:
    """Return what to write for an immortal object; None if that is not known for this Python."""
    is_known = (
        sys.implementation.name == "cpython"
        and sys.byteorder == "little"
        and sys.maxsize > 2**32
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
        # It has other fields before the count.
        and not sysconfig.get_config_var("Py_TRACE_REFS")
    )
    return _COUNTS.get(sys.version_info[:2]) if is_known else None


def make_objects_immortal() -> None:
    """
    Make all objects of this process immortal that the garbage collector finds.

    They are never freed. Does nothing if this Python's layout is not known.
    """
    count = immortal_count()
    if count is None:
        return
    for address in _reachable():
        references = ctypes.c_int32.from_address(address)
        if references.value < 0:  # CPython has made it immortal itself
            continue
        references.value = count
        if sys.version_info >= (3, 14):
            flags = ctypes.c_uint16.from_address(address + _FLAGS_AT)
            flags.value |= _IMMORTAL_FLAG


def _reachable() -> dict[int, object]:
    """Return the objects that the collector tracks, and all that they refer to, by address."""
    found: dict[int, object] = {}
    todo = {id(each): each for each in gc.get_objects()}
    while todo:
        found |= todo
        referents = gc.get_referents(*todo.values())
        for each in todo.values():
            if type(each) is CodeType:  # the collector does not look into it
                referents += each.co_consts, each.co_names, each.co_qualname, each.co_filename
        todo = {id(each): each for each in referents if id(each) not in found}
    return found
