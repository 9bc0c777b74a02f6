"""Which programs supervisord runs here: programs.conf leaves some out."""

from __future__ import annotations

import configparser
from collections.abc import Mapping, Set
from pathlib import Path

from common.command_line import command
from common.files import read_small_file
from twitch_ingestion.check.findings import Finding, ok, warning, wrong

_FILE = Path("programs.conf")
#: Is there where supervisord is started.
SUPERVISORD = Path("supervisord.conf")
_LARGEST_BYTES = 1024 * 1024
_SECTION = "program:"


def check_programs(environment: Mapping[str, str]) -> tuple[Set[str], Finding]:
    """Return the programs that programs.conf gives no process, and what is found about it."""
    try:
        left_out = _left_out(_text(), environment)
    except OSError as error:
        return set(), wrong(f"cannot read {_FILE}: {error.strerror}")
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        return set(), wrong(f"{_FILE} cannot be read: {reason}; correct it")
    if not SUPERVISORD.exists():
        return left_out, warning(
            f"no {SUPERVISORD} in {Path.cwd()}: if the service is to run here, make the files with"
            f" `{command('init', '.')}`; if not, run this in its folder"
        )
    if left_out:
        return left_out, ok(f"{_FILE} leaves out {', '.join(sorted(left_out))} on this host")
    return left_out, ok("publisher, readers, auth and monitor run on this host")


def _text() -> str:
    try:
        return read_small_file(_FILE, _LARGEST_BYTES).decode()
    except FileNotFoundError:
        return ""


def _left_out(text: str, environment: Mapping[str, str]) -> set[str]:
    # As supervisord reads it.
    parser = configparser.RawConfigParser(
        strict=False, inline_comment_prefixes=(";", "#"), default_section=""
    )
    parser.read_string(text)
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
