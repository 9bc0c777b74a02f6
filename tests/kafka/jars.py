"""Fetches Apache Kafka's jars from Maven Central once, into var/test-kafka."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import REPOSITORY

_POM = Path(__file__).parent / "pom.xml"
_STORE = REPOSITORY / "var" / "test-kafka"
_FETCH_TIMEOUT_S = 100


class NoJarsError(Exception):
    """Raised when there is no Java or Maven here, or Maven could not fetch the jars."""


def kafka_jars() -> Path:
    """Return the folder that holds the jars of tests/kafka/pom.xml; fetch them if it must be.

    Raises NoJarsError.
    """
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise NoJarsError(f"a real Kafka needs {program}, which is not installed")
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
        try:
            subprocess.run(
                [*command, f"-DoutputDirectory={jars}"],
                check=True,
                capture_output=True,
                text=True,
                timeout=_FETCH_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            raise NoJarsError(f"Maven did not fetch Kafka's jars in {_FETCH_TIMEOUT_S} s") from None
        except subprocess.CalledProcessError as error:
            raise NoJarsError(
                f"Maven could not fetch Kafka's jars:\n{error.stdout[-2000:]}"
            ) from None
        jars.rename(folder)
