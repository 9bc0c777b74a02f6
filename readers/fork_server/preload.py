"""
What all readers share: the modules that they import, and the objects that each would make for
itself.

A page of memory stays shared until the fork server or the reader writes to it.
"""

from __future__ import annotations

# Without these two imports, each reader would import them at run time.
import concurrent.futures.thread  # noqa: F401
import encodings.idna  # noqa: F401
import gc
import sys
from contextlib import suppress

import readers.__main__  # noqa: F401
from readers.fork_server.immortal import make_objects_immortal
from readers.fork_server.rehearsal import rehearse
from readers.twitch.chat_host import tls_context

#: CPython adapts an instruction only when it has run a few times.
_REHEARSALS = 3


def preload() -> None:
    """Make what readers share. To be called once, before the first fork."""
    # A reader tries again, and says what is wrong.
    with suppress(OSError):
        tls_context()
    try:
        for _ in range(_REHEARSALS):
            rehearse()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - readers work without it
        print(f"readers share less memory: the rehearsal failed: {error!r}", file=sys.stderr)  # noqa: T201
    gc.collect()
    make_objects_immortal()
    # The garbage collector writes to the objects that it visits: their memory would be copied.
    gc.freeze()
