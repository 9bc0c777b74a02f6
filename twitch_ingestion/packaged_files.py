"""The names of the files that an installation consists of, and where the package has its own."""

from __future__ import annotations

from pathlib import Path

SUPERVISORD = "supervisord.conf"
PROGRAMS = "programs.conf"
SETTINGS = ".env"

#: The files as `init` writes them. They are links to the files at the top of the repository; a
#: wheel has the content.
PACKAGED = Path(__file__).with_name("files")
