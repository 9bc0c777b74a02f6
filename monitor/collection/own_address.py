"""Where the monitor of this host can be asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from common.status.reader_status import status_folder
from common.web_address import WebAddress, web_peers

#: Where programs of this host connect to what listens on all addresses.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing listens here

#: The longest address is that of the longest host name, 253 characters, and a port.
_MOST_BYTES = 300


class NoAddressError(Exception):
    """Raised when the monitor's address cannot be told, with a sentence."""


def address_file(state_dir: Path) -> Path:
    """Return the path of the file to which a monitor writes the address that it listens on."""
    return status_folder(state_dir) / "monitor.address"


def own_address(bind: WebAddress, state_dir: Path) -> WebAddress:
    """
    Return where the monitor that listens on *bind* can be asked on this host.

    If it may choose its port (0), the file in *state_dir* has it. Raises NoAddressError.
    """
    if not bind.port:
        bind = _written(address_file(state_dir))
    return reachable(bind)


def reachable(bind: WebAddress) -> WebAddress:
    """Return where programs of this host connect to what listens on *bind*."""
    return replace(bind, host=_LOOPBACK.get(bind.host, bind.host))


def _written(path: Path) -> WebAddress:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES).decode("ascii", "replace").strip()
    except OSError as error:
        raise NoAddressError(
            f"MONITOR_BIND has port 0, and the port that the monitor has chosen cannot be read from"
            f" {path}: {error.strerror}."
        ) from None
    try:
        [address] = web_peers(content)
    except ValueError:
        raise NoAddressError(f"{path} does not hold the monitor's address.") from None
    return address
