"""
The extension in readers/fork_server/extension.py, by the name that supervisord.conf has for it.

Operators have copies of that file.
"""

from __future__ import annotations

from readers.fork_server.extension import extend

__all__ = ["extend"]
