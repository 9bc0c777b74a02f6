"""
Moves the code that readers run together.

CPython writes to the code that it runs: it counts how often an instruction ran, and replaces it by
one that suits the types that it found. So each reader copies the pages of all code that it runs. A
reader runs one function in eight. Its code is as large as a fifth of the pages that it is on.
"""

from __future__ import annotations

import gc
import operator
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType, FunctionType
from typing import TypeGuard


def code_run_by(work: Callable[[], object]) -> list[CodeType]:
    """Return the code that *work* runs, in this thread and those that it starts."""
    # By identity: equal code may be in several places.
    run: dict[int, CodeType] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            run[id(frame.f_code)] = frame.f_code

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return list(run.values())


def move_together(codes: list[CodeType]) -> None:
    """Give all functions that have one of *codes* a copy; the copies are made one after another."""
    hot = {id(code) for code in codes}
    copies: dict[int, CodeType] = {}

    def copy(code: CodeType) -> CodeType:
        if id(code) not in copies:
            # Functions within functions.
            constants = tuple(copy(each) if _is_code(each) else each for each in code.co_consts)
            is_changed = any(map(operator.is_not, constants, code.co_consts))
            is_hot = is_changed or id(code) in hot
            copies[id(code)] = code.replace(co_consts=constants) if is_hot else code
        return copies[id(code)]

    functions = [each for each in gc.get_objects() if type(each) is FunctionType]
    for function in functions:
        code = copy(function.__code__)
        if code is not function.__code__:
            function.__code__ = code


def _is_code(value: object) -> TypeGuard[CodeType]:
    return type(value) is CodeType
