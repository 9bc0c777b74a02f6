"""Asks supervisord for its programs."""

from __future__ import annotations

import xmlrpc.client
from http.client import HTTPException
from pathlib import Path
from typing import Any

import msgspec

from common.supervisor_client import SOCKET, connect
from monitor.collection.host import Program

#: Seconds until supervisord counts as hanging.
_ANSWER_WITHIN_S = 2.0


class SupervisordError(Exception):
    """Raised when supervisord does not answer, with a text for users."""


class _Process(msgspec.Struct):
    """What supervisord says about a program. https://supervisord.org/api.html#process-control"""

    name: str
    statename: str
    description: str
    pid: int


def ask_programs(folder: Path) -> dict[str, Program] | None:
    """
    Return the programs of the supervisord whose socket is in *folder*, by name.

    Returns None if there is no such socket. Raises SupervisordError.
    """
    path = folder / SOCKET
    if not path.exists():
        return None
    try:
        with connect(f"unix://{path}", within_s=_ANSWER_WITHIN_S) as supervisord:
            procedures: Any = supervisord.supervisor
            processes = msgspec.convert(procedures.getAllProcessInfo(), list[_Process])
    except TimeoutError:
        raise SupervisordError(f"supervisord has not answered for {_ANSWER_WITHIN_S:g} s") from None
    except (OSError, HTTPException, xmlrpc.client.Error, msgspec.ValidationError) as error:
        raise SupervisordError(f"supervisord cannot be asked: {error}") from None
    return {
        process.name: Program(process.statename, process.description, process.pid)
        for process in processes
    }
