"""The operating system that the service runs on: Linux."""

from __future__ import annotations

import sys

from common import exit_codes

_LINE = (
    "This runs on Linux only."
    " On macOS and Windows, use a Linux virtual machine, a container or WSL."
)


def refuse_other_systems() -> None:
    """Exit with exit_codes.SETTINGS, and a line that says why, unless this is Linux."""
    # It needs file locks, process descriptors and the files in /proc as Linux has them.
    if sys.platform != "linux":
        print(_LINE, file=sys.stderr)  # noqa: T201
        sys.exit(exit_codes.SETTINGS)
