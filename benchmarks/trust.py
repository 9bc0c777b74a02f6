"""The authorities that the measured processes trust: a real bundle and the local Twitch's."""

from __future__ import annotations

import ssl
from pathlib import Path

from simulator.certificates import AUTHORITY_FILE

_FILE = "trusted.pem"


def trusted_file(folder: Path) -> Path:
    """
    Write the system's authorities and that of *folder* to a file there, for SSL_CERT_FILE.

    A TLS context with a real bundle takes 2 MiB more than one with a single authority. Raises
    OSError if the system has no bundle or the file cannot be written.
    """
    system = ssl.get_default_verify_paths().cafile
    if system is None:
        raise FileNotFoundError("this system has no file of certificate authorities")
    trusted = folder / _FILE
    trusted.write_bytes(Path(system).read_bytes() + b"\n" + (folder / AUTHORITY_FILE).read_bytes())
    return trusted
