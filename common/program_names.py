"""The names of programs in supervisord, which are also those of their status pages."""

from __future__ import annotations

#: A reader's name is this and its channel.
READER_PREFIX = "reader-"
