"""Processes that write a token store and are killed: `python -m tests.common.store_writers`."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

import common
from common.token_store import StoredToken, locked_token_store, read_token

TOKEN = StoredToken(
    access_token="firstaccess",
    refresh_token="firstrefresh",
    login="somebot",
    user_id="123",
    client_id="someclient",
    scopes=["chat:read"],
    obtained_at=1_700_000_000.0,
    expires_at=1_700_014_400.5,
)

_RANDOM_KILLS = 300
_OUR_CODE = str(Path(common.__file__).parent)


def numbered(number: int) -> StoredToken:
    """Return a login with *number* in every field."""
    return msgspec.structs.replace(
        TOKEN,
        access_token=f"access{number}",
        refresh_token=f"refresh{number}",
        login=f"bot{number}",
        user_id=str(number),
        expires_at=float(number),
    )


def write(path: Path, number: int) -> None:
    """Store login *number* at *path*."""
    with locked_token_store(path) as store:
        store.write(numbered(number))


def write_indefinitely(path: Path) -> None:
    """Store one login after another."""
    number = 1
    while True:
        write(path, number)
        number += 1


def kill_at_each_instruction(path: Path) -> int:
    """
    Kill a writer at the first instruction of our code, the next one at the second, and so on,
    until one finishes. Return how many were killed.
    """
    write(path, 0)
    killed = 0
    while _dies(partial(_write_until, path, killed + 1)):
        killed += 1
        _stored(path, at_least=0)
    _stored(path, at_least=1)
    return killed


def kill_at_random(path: Path) -> int:
    """Kill each of _RANDOM_KILLS writers after a random time. Return how many were killed."""
    write(path, 0)
    number = 0
    for _ in range(_RANDOM_KILLS):
        assert _dies(partial(write_indefinitely, path), after_s=random.uniform(0.0, 0.01))
        number = _stored(path, at_least=0)
    write(path, number + 1)
    return _RANDOM_KILLS


def _dies(work: Callable[[], None], after_s: float | None = None) -> bool:
    """Do *work* in a new process; return whether it was killed, by itself or *after_s* seconds."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the child must not continue as the parent does
            traceback.print_exc()
        finally:
            os._exit(1)
    if after_s is not None:
        time.sleep(after_s)
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, -signal.SIGKILL), status
    return status != 0


def _write_until(path: Path, instruction: int) -> None:
    """Store login 1, but kill this process before the *instruction*-th opcode of our code."""
    left = instruction

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(_OUR_CODE):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    # Python 3.12 reports opcodes only if some frame has asked for them before.
    sys._getframe().f_trace_opcodes = True
    sys.settrace(trace)
    write(path, 1)
    sys.settrace(None)


def _stored(path: Path, *, at_least: int) -> int:
    """Return the number of the stored login, after checking that it is complete."""
    token = read_token(path)
    assert token is not None
    number = int(token.user_id)
    assert token == numbered(number)
    assert number >= at_least
    return number


def main() -> None:
    """Run the action of the first argument on the store at the path of the second one."""
    action, path = sys.argv[1], Path(sys.argv[2])
    if action == "kill-at-each-instruction":
        _print(kill_at_each_instruction(path))
    elif action == "kill-at-random":
        _print(kill_at_random(path))
    elif action == "write-indefinitely":
        write_indefinitely(path)
    else:
        _print("ready")
        write(path, int(sys.argv[3]))


def _print(result: object) -> None:
    print(result, flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
