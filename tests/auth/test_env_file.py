"""Setting a variable in a `.env` file changes nothing else."""

from __future__ import annotations

import codecs
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import example, given
from hypothesis import strategies as st

from auth.env_file import set_variable
from tests.other_user import OTHER, as_other_user, give_to_other_user

NAME = "TWITCH_OAUTH_TOKEN"

TRICKY = """# A comment; TWITCH_OAUTH_TOKEN=commented out
export OTHER = 'quoted'  # why


# TWITCH_OAUTH_TOKEN=also commented out
TEXT="several
TWITCH_OAUTH_TOKEN=inside of a value
lines"
{}
LAST=no line break"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file that does not exist yet."""
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("TWITCH_OAUTH_TOKEN=oauth:old", "TWITCH_OAUTH_TOKEN=oauth:new"),
        ("TWITCH_OAUTH_TOKEN=", "TWITCH_OAUTH_TOKEN=oauth:new"),
        ("\n\n TWITCH_OAUTH_TOKEN = old", "\n\n TWITCH_OAUTH_TOKEN = oauth:new"),
        ("export TWITCH_OAUTH_TOKEN=x # why", "export TWITCH_OAUTH_TOKEN=oauth:new # why"),
        ('TWITCH_OAUTH_TOKEN="a b"  # why', "TWITCH_OAUTH_TOKEN=oauth:new  # why"),
        ("TWITCH_OAUTH_TOKEN='several\nlines'", "TWITCH_OAUTH_TOKEN=oauth:new"),
        ("TWITCH_OAUTH_TOKEN=a#b", "TWITCH_OAUTH_TOKEN=oauth:new"),
        (
            "TWITCH_OAUTH_TOKEN=1\nTWITCH_OAUTH_TOKEN=2",
            "TWITCH_OAUTH_TOKEN=1\nTWITCH_OAUTH_TOKEN=oauth:new",
        ),
    ],
)
def test_the_value_is_replaced_in_place(path: Path, before: str, after: str) -> None:
    """Of several lines, the last one counts. The rest of the file is unchanged."""
    path.write_text(TRICKY.format(before))
    set_variable(path, NAME, "oauth:new")
    assert path.read_text() == TRICKY.format(after)
    assert dotenv_values(path)[NAME] == "oauth:new"


@pytest.mark.parametrize("text", ["", "A=1\n", "A=1", "# only a comment", "TWITCH_OAUTH_TOKEN\n"])
def test_a_variable_that_is_not_set_is_added_at_the_end(path: Path, text: str) -> None:
    """On a line of its own. A name without an equals sign does not set it."""
    path.write_text(text)
    set_variable(path, NAME, "oauth:new")
    separator = "" if not text or text.endswith("\n") else "\n"
    assert path.read_text() == f"{text}{separator}{NAME}=oauth:new\n"


def test_windows_line_ends_are_kept(path: Path) -> None:
    """The line that is added has one, too."""
    path.write_bytes(b"A=1\r\nTWITCH_OAUTH_TOKEN=x\r\nB=2\r\n")
    set_variable(path, NAME, "oauth:new")
    set_variable(path, "TWITCH_USERNAME", "somebot")
    assert path.read_bytes() == (
        b"A=1\r\nTWITCH_OAUTH_TOKEN=oauth:new\r\nB=2\r\nTWITCH_USERNAME=somebot\r\n"
    )


@pytest.mark.parametrize("text", ["", "A=1\r\n", f"{NAME}=x\r\nB=2\r\n"])
def test_a_byte_order_mark_is_kept(path: Path, text: str) -> None:
    """Editors on Windows write one. It is not part of the first name."""
    path.write_bytes(codecs.BOM_UTF8 + text.encode())
    set_variable(path, NAME, "oauth:new")
    after = path.read_bytes()
    assert after.startswith(codecs.BOM_UTF8)
    assert after.count(codecs.BOM_UTF8) == 1
    others = text.replace(f"{NAME}=x\r\n", "")
    assert sorted(after.decode("utf-8-sig").split()) == sorted(
        [f"{NAME}=oauth:new", *others.split()]
    )


def test_owner_and_group_are_kept(path: Path) -> None:
    """Others may have been given access: the service's user, or a group."""
    path.write_text("A=1\n")
    path.chmod(0o640)
    give_to_other_user(path, 5678)
    set_variable(path, NAME, "oauth:new")
    status = path.stat()
    assert (status.st_uid, status.st_gid) == (OTHER, 5678)
    assert stat.S_IMODE(status.st_mode) == 0o640


def test_a_group_that_cannot_be_given_is_kept_too(short_folder: Path) -> None:
    """A user may own a file of a group that the user is not in. It is then written in place."""
    path = short_folder / ".env"
    path.write_text("A=1\nB=a longer value\n")
    path.chmod(0o640)
    give_to_other_user(short_folder)
    give_to_other_user(path, 5678)
    as_other_user(lambda: set_variable(path, "B", "2"))
    status = path.stat()
    assert path.read_text() == "A=1\nB=2\n"
    assert (status.st_uid, status.st_gid) == (OTHER, 5678)
    assert stat.S_IMODE(status.st_mode) == 0o640
    assert [entry.name for entry in short_folder.iterdir()] == [path.name]


def test_a_new_file_is_private_and_an_old_one_keeps_its_mode(path: Path) -> None:
    """The file holds a secret, but the mode of an existing file is the user's decision."""
    set_variable(path, NAME, "oauth:new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    set_variable(path, NAME, "oauth:newer")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_a_link(path: Path) -> None:
    """The file that it points to is changed."""
    real = path.with_name("real.env")
    real.write_text("A=1\n")
    path.symlink_to(real)
    set_variable(path, NAME, "oauth:new")
    assert path.is_symlink()
    assert real.read_text() == f"A=1\n{NAME}=oauth:new\n"


PIECES = [
    NAME,
    "OTHER",
    "=",
    "x",
    "'",
    '"',
    " ",
    "\t",
    "#",
    "export ",
    "\\",
    "\n",
    "\r\n",
    "\u3000",
]


@example("TWITCH_OAUTH_TOKEN=\nTWITCH_OAUTH_TOKEN")
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_the_variable_is_set_whatever_the_file_contains(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Every other variable is read as before."""
    path = tmp_path_factory.mktemp("env") / ".env"
    path.write_bytes(text.encode())
    before = dotenv_values(path)
    set_variable(path, NAME, "oauth:new")
    assert dotenv_values(path) == before | {NAME: "oauth:new"}
