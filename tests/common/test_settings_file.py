"""`.env`: whatever it is and holds, it works, or one line says what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from common.settings import Settings, SettingsError, read_settings, settings_file
from tests.other_user import as_other_user
from tests.processes import python_module, run_to_end

#: A process that reads its settings, and then finds that there is nothing to do.
_READS_SETTINGS = python_module("auth", "status")


def _settings(folder: Path, content: bytes | str) -> Settings:
    file = folder / ".env"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_settings({}, settings_file(folder))


def _refusal(folder: Path, content: bytes | str) -> str:
    with pytest.raises(SettingsError) as raised:
        _settings(folder, content)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    return str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfLOG_LEVEL=debug\n",
        b"# a comment\r\n\r\nLOG_LEVEL=debug\r\n",
        b"LOG_LEVEL=debug",
        b"export LOG_LEVEL = 'debug'  # while we look for it\n",
        b"LOG_LEVEL=debug #while we look for it\n",
        b"LOG_LEVEL=warn\nLOG_LEVEL=debug\n",
    ],
    ids=["byte order mark", "CRLF", "no line end", "export", "comment", "set twice"],
)
def test_usual_files_are_read(tmp_path: Path, content: bytes) -> None:
    """With the line ends and the marks that editors write."""
    assert _settings(tmp_path, content).log_level == "debug"


def _directory(path: Path) -> None:
    path.mkdir()


def _dangling_link(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _huge_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1024**3)


def _io_error(path: Path) -> None:
    # Reading the memory of a process at address 0 is an I/O error.
    path.symlink_to("/proc/self/mem")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (_directory, "cannot be read (Not a regular file)"),
        (os.mkfifo, "cannot be read (Not a regular file)"),
        (_device, "cannot be read (Not a regular file)"),
        (_dangling_link, "nowhere, which does not exist"),
        (_link_to_itself, "cannot be read (Too many levels of symbolic links)"),
        (_huge_file, "cannot be read (File too large)"),
        (_io_error, "cannot be read (Input/output error)"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_what_is_not_a_file_is_refused(
    tmp_path: Path, make: Callable[[Path], None], expected: str
) -> None:
    """At once: a named pipe, too, although nothing writes to it."""
    make(tmp_path / ".env")
    with pytest.raises(SettingsError) as raised:
        settings_file(tmp_path)
    [line] = str(raised.value).splitlines()
    assert str(tmp_path / ".env") in line
    assert expected in line


def test_the_null_device_is_an_empty_file(tmp_path: Path) -> None:
    """It is mounted over `.env` in containers."""
    (tmp_path / ".env").symlink_to(os.devnull)
    assert read_settings({}, settings_file(tmp_path)) == read_settings({})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("LOG_LEVEL=info\n".encode("utf-16"), "/.env is UTF-16: save it as UTF-8"),
        ("\nLOG_LEVEL=info\n".encode("utf-16-be"), "line 1 of {} has a NUL byte"),
        (b"LOG_LEVEL=info\nAPP_ENV=a\0b\n", "line 2 of {} has a NUL byte"),
        ("LOG_LEVEL=info\nAPP_ENV=für\n".encode("latin-1"), "line 2 of {} is not UTF-8"),
        ('\nKAFKA_CONF_X="hush\nLOG_LEVEL=info\n', "line 2 of {} cannot be parsed: a value that"),
        ("\n\nKAFKA_CONF_X='hush' hush\n", "line 3 of {} cannot be parsed: a value that begins"),
        ("KAFKA_CONF X=hush\n", "line 1 of {} cannot be parsed: write NAME=value"),
        ("=hush\n", "line 1 of {} cannot be parsed: write NAME=value"),
        (
            'LOG_LEVEL=info\nKAFKA_CONF_X="hush\nAPP_ENV="\n',
            "line 2 of {} begins a quote in the value of KAFKA_CONF_X that does not end before"
            " APP_ENV",
        ),
    ],
)
def test_an_error_names_the_line_and_no_value(
    tmp_path: Path, content: bytes | str, expected: str
) -> None:
    """A value may be a secret."""
    refusal = _refusal(tmp_path, content)
    assert expected.format(tmp_path / ".env") in refusal
    assert "hush" not in refusal
    assert len(refusal.splitlines()) == 1


@pytest.mark.parametrize("line", ["SASL", "hush hush", "SASL PASSWORD hush"])
def test_a_line_without_an_equals_sign_is_ignored_with_a_warning(tmp_path: Path, line: str) -> None:
    """It names the file and the line."""
    settings = _settings(tmp_path, f"# first\n\n{line}\nLOG_LEVEL=debug\n")
    assert settings.log_level == "debug"
    assert settings.warnings == (
        f"line 3 of {tmp_path / '.env'} has no = and is ignored: write NAME=value",
    )


@pytest.mark.parametrize(
    ("line", "channels"),
    [
        ("#alpha, #beta", ("#alpha", "#beta")),
        (" #alpha,   #beta,#gamma", ("#alpha", "#beta", "#gamma")),
        ("'#alpha, #beta'", ("#alpha", "#beta")),
        ("#alpha, #beta # my friends", ("#alpha", "#beta")),
        ("alpha, beta, # my friends", ("alpha", "beta")),
        ("# my friends", ("# my friends",)),
        (" # my friends", ()),
    ],
)
def test_channels_may_be_written_with_a_hash(
    tmp_path: Path, line: str, channels: tuple[str, ...]
) -> None:
    """A hash begins a comment only where it cannot begin a name."""
    assert _settings(tmp_path, f"TWITCH_CHANNELS={line}\n").twitch_channels == channels


@pytest.mark.parametrize(
    "line",
    [
        "TWITCH_CHANNELS=alpha #beta",
        "TWITCH_CHANNELS=#alpha #beta, gamma",
        "KAFKA_CONF_SASL_PASSWORD=hush #hush",
        "KAFKA_CONF_SASL_PASSWORD=hush # hush",
        "KAFKA_CONF_SASL_PASSWORD= #hush",
        "APP_ENV=production #2",
        "STATE_DIR=/data/disk #1",
    ],
)
def test_a_hash_that_may_belong_to_the_value_is_refused(tmp_path: Path, line: str) -> None:
    """python-dotenv cuts the value there, silently."""
    refusal = _refusal(tmp_path, f"\n{line}\n")
    name = line.partition("=")[0]
    assert f"line 2 of {tmp_path / '.env'} has a # after a space in the value of {name}" in refusal
    assert "single quotes" in refusal
    assert "hush" not in refusal


def test_a_comment_after_a_value_is_a_comment(tmp_path: Path) -> None:
    """Where the value could not contain it, or where a space follows the hash."""
    settings = _settings(
        tmp_path,
        "TWITCH_OAUTH_TOKEN=oauth:abc #mine\nAPP_ENV=test # ours\nKAFKA_CONF_SASL_PASSWORD= # none",
    )
    assert settings.twitch_oauth_token == "abc"
    assert settings.app_env == "test"
    assert settings.kafka_properties == {}


@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize("value", ["ab${cd}ef", "ab$cd", "${HOME}", "#ab", "a#b", "ab=", "%(x)s"])
def test_a_value_stays_as_it_is(tmp_path: Path, value: str, quote: str) -> None:
    """Nothing in it is expanded."""
    settings = _settings(tmp_path, f"KAFKA_CONF_SASL_PASSWORD={quote}{value}{quote}\n")
    assert settings.kafka_properties == {"sasl.password": value}


def test_a_quoted_value_may_have_several_lines(tmp_path: Path) -> None:
    """Certificates do. Base64 may look like a variable."""
    pem = "-----BEGIN CERTIFICATE-----\nQUJD\nQQ==\n-----END CERTIFICATE-----"
    settings = _settings(tmp_path, f'KAFKA_CONF_SSL_CA_PEM="{pem}"\nLOG_LEVEL=debug\n')
    assert settings.kafka_properties == {"ssl.ca.pem": pem}
    assert settings.log_level == "debug"


def test_an_unknown_name_causes_a_warning(tmp_path: Path) -> None:
    """All names in the file are meant for us."""
    lines = ["DEDUPLCATE=true", "LOGLEVEL=debug", "log_level=debug", "COLOUR=red", "KAFKA_CONF_X=1"]
    settings = _settings(tmp_path, "\n".join(lines))
    file = tmp_path / ".env"
    assert settings.warnings == (
        f"DEDUPLCATE in line 1 of {file} is set, but no setting has this name;"
        " did you mean DEDUPLICATE?",
        f"LOGLEVEL in line 2 of {file} is set, but no setting has this name;"
        " did you mean LOG_LEVEL?",
        f"log_level in line 3 of {file} is set, but no setting has this name;"
        " did you mean LOG_LEVEL?",
        f"COLOUR in line 4 of {file} is set, but no setting has this name",
    )


def test_a_name_that_is_part_of_a_key_is_not_shown(tmp_path: Path) -> None:
    """The last line of a key, if its value is not in quotes, looks like an assignment."""
    [warning] = _settings(tmp_path, "KAFKA_CONF_SSL_KEY_PEM=-----BEGIN\naBcDeFgH12==\n").warnings
    assert "aBcDeFgH12" not in warning
    assert "line 2" in warning


def test_a_process_logs_one_line_and_exits_with_78(tmp_path: Path) -> None:
    """Not a traceback."""
    (tmp_path / ".env").write_bytes("TWITCH_USERNAME=für\n".encode("latin-1"))
    process = run_to_end(_READS_SETTINGS, tmp_path, 30)
    assert process.returncode == 78
    [line] = (process.stdout + process.stderr).splitlines()
    assert line.endswith(
        f"auth: line 1 of {tmp_path / '.env'} is not UTF-8: save the file as UTF-8"
    )


def test_a_file_that_this_user_may_not_read_is_refused(short_folder: Path) -> None:
    """It would be a mistake to go on without it."""
    (short_folder / ".env").write_text("LOG_LEVEL=debug\n")
    (short_folder / ".env").chmod(0o600)
    short_folder.chmod(0o755)

    def read() -> None:
        with pytest.raises(SettingsError, match=r"\.env cannot be read .Permission denied"):
            settings_file(short_folder)

    as_other_user(read)
