"""A certificate authority for one machine, and a certificate of it for the local Twitch."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from common.files import OWNER_ONLY, replace_file

#: What clients are to trust: with `SSL_CERT_FILE` set to this file they verify as they do Twitch.
AUTHORITY_FILE = "ca.pem"
_CERTIFICATE_FILE = "server.pem"
_KEY_FILE = "server.key"


def server_tls(directory: Path) -> ssl.SSLContext:
    """
    Return the TLS side of a server at localhost, whose authority is `ca.pem` in *directory*.

    The files are made if they are not there, with the directory, and used again if they are: a
    client that trusts them need not be told of a restart. Raises OSError when they cannot be
    written, ssl.SSLError when what is there is no certificate.
    """
    if not (directory / AUTHORITY_FILE).exists():
        _make_files(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / _CERTIFICATE_FILE, directory / _KEY_FILE)
    return context


def _make_files(directory: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1", "::1")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(directory / _KEY_FILE, certificate.private_key_pem.bytes(), mode=OWNER_ONLY)
    chain = b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
    replace_file(directory / _CERTIFICATE_FILE, chain)
    # Last, because its being there says that the others are.
    replace_file(directory / AUTHORITY_FILE, authority.cert_pem.bytes())
