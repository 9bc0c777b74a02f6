"""Which programs programs.conf leaves out."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from pathlib import Path

from common.files import read_small_file
from twitch_ingestion.check.findings import Finding, ok, wrong

_FILE = Path("programs.conf")
_LARGEST_BYTES = 1024 * 1024
_SECTION = "program:"


class ProgramsFileError(Exception):
    """Raised when programs.conf cannot be used. The text is for the user."""


def programs_left_out(environment: Mapping[str, str]) -> set[str]:
    """Return the programs that programs.conf gives no process. Raises ProgramsFileError."""
    # As supervisord reads it.
    parser = configparser.RawConfigParser(
        strict=False, inline_comment_prefixes=(";", "#"), default_section=""
    )
    try:
        parser.read_string(read_small_file(_FILE, _LARGEST_BYTES).decode())
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise ProgramsFileError(f"cannot read {_FILE}: {error.strerror}") from None
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ProgramsFileError(f"{_FILE} cannot be read: {reason}; correct it") from None
    return {
        section.removeprefix(_SECTION)
        for section in parser.sections()
        if section.startswith(_SECTION)
        and _processes(parser.get(section, "numprocs", fallback="1"), environment) == "0"
    }


def _processes(value: str, environment: Mapping[str, str]) -> str:
    for name, content in environment.items():
        value = value.replace(f"%(ENV_{name})s", content)
    return value.strip()


def check_programs(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is found about programs.conf."""
    try:
        left_out = programs_left_out(environment)
    except ProgramsFileError as error:
        yield wrong(str(error))
        return
    if left_out:
        yield ok(f"{_FILE} leaves out {', '.join(sorted(left_out))} on this host")
    else:
        yield ok("publisher, readers and auth run on this host")
