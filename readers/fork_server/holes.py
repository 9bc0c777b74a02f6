"""
Fills the holes in this process's memory.

Memory that was freed lies in small pieces between objects. A reader would make its own objects
there, and copy a page for each few of them. Without holes, they are together on few pages.
"""

from __future__ import annotations

import ctypes

#: Above, CPython asks the C library for the memory of an object (Objects/obmalloc.c). Below, it
#: takes pieces whose sizes are multiples of 16 bytes from pools, each of which has one size.
_LARGEST_IN_POOL = 512

_STEP = 16

#: A new pool hands out its pieces in the order of their addresses, for at least so many bytes.
_NEW_POOL_BYTES = 4096

#: Sizes for the C library, from large to small: what is left of a hole is filled later. The largest
#: is below that from which it maps memory (M_MMAP_THRESHOLD).
_SIZES = [*(size * 1024 for size in (120, 90, 60, 40, 30, 20, 15, 10, 7, 5, 4, 3, 2))]
_SIZES += range(1536, 24, -_STEP)

#: More pieces than there are holes, should the addresses not be as expected.
_MOST = 100_000


def fill_holes() -> None:
    """Allocate all free pieces between others, for ever."""
    _fill_pools()
    _fill_heap()


def _fill_pools() -> None:
    allocate = ctypes.pythonapi.PyObject_Malloc
    allocate.restype, allocate.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    for size in range(_STEP, _LARGEST_IN_POOL + 1, _STEP):
        last = in_order = 0
        for _ in range(_MOST):
            address = allocate(size)
            # This loop itself also makes objects.
            in_order = in_order + size if last < address <= last + 4 * size else 0
            if in_order >= _NEW_POOL_BYTES:
                break
            last = address


def _fill_heap() -> None:
    library = ctypes.CDLL(None)
    allocate, end = library.malloc, library.sbrk
    allocate.restype, allocate.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    end.restype, end.argtypes = ctypes.c_void_p, [ctypes.c_ssize_t]
    # The heap has no more large holes when it grows.
    last, before = 0, end(0)
    for _ in range(_MOST):
        last = allocate(_SIZES[0])
        if end(0) != before:
            break
    for size in _SIZES:
        for _ in range(_MOST):
            address = allocate(size)
            if last < address < end(0):  # it comes from the end of the heap
                last = address
                break
