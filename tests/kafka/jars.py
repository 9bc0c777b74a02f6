"""Fetches Apache Kafka's jars from Maven Central once, into var/test-kafka."""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import REPOSITORY
from tests.toolchains import require_toolchain, run_toolchain

_POM = Path(__file__).parent / "pom.xml"
_STORE = REPOSITORY / "var" / "test-kafka"
_FETCH_TIMEOUT_S = 100


def kafka_jars() -> Path:
    """Return the folder that holds the jars of tests/kafka/pom.xml; fetch them if it must be.

    Raises NoToolchainError.
    """
    require_toolchain("a real Kafka", "java", "mvn")
    # Named for the pom, so that another version is fetched anew.
    folder = _STORE / hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    _STORE.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time():
        if not folder.exists():
            _fetch(folder)
    return folder


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (_STORE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(folder: Path) -> None:
    """Fill *folder*, which comes to be only when every jar is in it."""
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=_STORE) as scratch:
        jars = Path(scratch) / "jars"
        command = ["mvn", "-B", "-q", "-f", str(_POM), "dependency:copy-dependencies"]
        run_toolchain([*command, f"-DoutputDirectory={jars}"], within_s=_FETCH_TIMEOUT_S)
        jars.rename(folder)
