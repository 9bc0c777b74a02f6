"""A local certificate authority, and the certificate that it issues for the local Twitch."""

from __future__ import annotations

import ssl
from pathlib import Path

from common.files import OWNER_ONLY, replace_file

#: The authority's certificate. Clients verify the server against it if SSL_CERT_FILE names it.
AUTHORITY_FILE = "ca.pem"
_CERTIFICATE_FILE = "server.pem"
_KEY_FILE = "server.key"


def server_tls(directory: Path) -> ssl.SSLContext:
    """
    Return the TLS context of a server at localhost; its authority is `ca.pem` in *directory*.

    The directory and the files are created if they are missing and reused otherwise, so clients
    that trust the authority also trust it after a restart. Raises OSError if the files cannot be
    written, ssl.SSLError if they are not valid, and ModuleNotFoundError if they are missing and the
    package that makes them is too.
    """
    if not (directory / AUTHORITY_FILE).exists():
        _make_files(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / _CERTIFICATE_FILE, directory / _KEY_FILE)
    return context


def _make_files(directory: Path) -> None:
    # An extra: nothing else needs this package, and without TLS nothing does.
    import trustme  # noqa: PLC0415

    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1", "::1")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(directory / _KEY_FILE, certificate.private_key_pem.bytes(), mode=OWNER_ONLY)
    chain = b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
    replace_file(directory / _CERTIFICATE_FILE, chain)
    # Written last: if it exists, the others do too.
    replace_file(directory / AUTHORITY_FILE, authority.cert_pem.bytes())
