"""
Runs mutmut with this project's operators. `scripts/mutants` starts it.

mutmut changes expressions. Two further operators find what these tests missed most often: a call
whose result nobody uses is left out, and a `while` becomes an `if`. Log calls stay as they are,
because tests need not repeat their words, and so does the case of strings, because most are SQL.

The operators are put into mutmut's own list, which is no public interface of it: setup.cfg pins the
version.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice

import libcst as cst
import libcst.matchers as m
from mutmut.__main__ import cli
from mutmut.mutation import file_mutation, mutators

_LOG_CALL = m.Call(func=m.Attribute(value=m.Name("logger")))
_CALL = m.Expr(value=m.Call() | m.Await(expression=m.Call()))
_LOOP_ONLY = m.Break() | m.Continue()

_skips = file_mutation.MutationVisitor._skip_node_and_children


def call_left_out(node: cst.Expr) -> Iterator[cst.Pass]:
    """Yield what a statement becomes when its call is left out, if it is a call."""
    if m.matches(node, _CALL) and not m.matches(node, m.Expr(value=_LOG_CALL)):
        yield cst.Pass()


def loop_run_once(node: cst.While) -> Iterator[cst.If]:
    """Yield the `if` that a `while` becomes, unless its body can only stand in a loop."""
    if not m.findall(node.body, _LOOP_ONLY):
        yield cst.If(test=node.test, body=node.body)


def other_string(node: cst.BaseString) -> Iterator[cst.BaseString]:
    """Yield a string with other contents: mutmut's first change, without those of its case."""
    yield from islice(mutators.operator_string(node), 1)


def _skips_log_calls(visitor: file_mutation.MutationVisitor, node: cst.CSTNode) -> bool:
    return bool(m.matches(node, _LOG_CALL) or _skips(visitor, node))


if __name__ == "__main__":
    mutators.mutation_operators.remove((cst.BaseString, mutators.operator_string))
    mutators.mutation_operators += [
        (cst.BaseString, other_string),
        (cst.Expr, call_left_out),
        (cst.While, loop_run_once),
    ]
    file_mutation.MutationVisitor._skip_node_and_children = _skips_log_calls
    # mutmut runs the tests of its copy, in the folder mutants, and also in this process.
    del sys.modules["tests"]
    cli()
