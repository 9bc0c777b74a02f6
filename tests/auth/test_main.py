"""`python -m auth` and its subcommands, as processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest
import requests

from common import exit_codes
from common.token_store import locked_token_store, read_token
from simulator.oauth_server import ForcedResponse, OAuthServer
from tests.auth.people import CLIENT_SECRET, PUBLIC_CLIENT_ID, TIMEOUT_S, authorize, log_in
from tests.common.store_writers import TOKEN
from tests.processes import StartProcess, base_environment, python_module, wait_for, wait_for_line

WITHIN_S = 60


@pytest.fixture
def clock() -> Callable[[], float]:
    """Return the system clock for the OAuth server; the processes use it, too."""
    return time.time


def run(
    folder: Path, environment: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m auth` with *arguments* in *folder*."""
    finished = subprocess.run(
        python_module("auth", *arguments),
        cwd=folder,
        env=base_environment() | dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert "Traceback" not in finished.stderr
    return finished


def generate_token(
    folder: Path, environment: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m auth generate-token`, authorize, and paste the address of the redirect."""
    command = python_module("auth", "generate-token", *arguments)
    with subprocess.Popen(
        command,
        cwd=folder,
        env=base_environment() | dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        try:
            url = next(line.strip() for line in process.stderr if "/authorize?" in line)
            out, errors = process.communicate(authorize(url), WITHIN_S)
        finally:
            process.kill()
    assert "Traceback" not in errors
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


def test_a_login_with_a_browser_is_stored(
    processes: StartProcess, environment: dict[str, str], store: Path
) -> None:
    """The address is printed, and the command exits with status 0."""
    login = processes(python_module("auth", "login"), environment)
    url = wait_for_line(login, r"http://localhost:\d+/auth\b", WITHIN_S)[0]
    page = requests.get(authorize(url), timeout=TIMEOUT_S)
    assert "Logged in as somebot" in page.text
    assert login.wait(WITHIN_S) == exit_codes.OK
    assert f"Logged in as somebot. The login is in {store}." in login.output()
    assert read_token(store) is not None


def test_a_denied_login_fails(processes: StartProcess, environment: dict[str, str]) -> None:
    """The exit status is 1, and the last line says why."""
    login = processes(python_module("auth", "login"), environment)
    url = wait_for_line(login, r"http://localhost:\d+/auth\b", WITHIN_S)[0]
    requests.get(authorize(url, "deny"), timeout=TIMEOUT_S)
    assert login.wait(WITHIN_S) == exit_codes.FAILURE
    assert login.output().splitlines()[-1].startswith("auth: Twitch says 'access_denied")


def test_control_c_cancels_a_login(processes: StartProcess, environment: dict[str, str]) -> None:
    """There is no traceback."""
    login = processes(python_module("auth", "login"), environment)
    wait_for_line(login, "Press Ctrl-C to cancel", WITHIN_S)
    assert login.stop(signal.SIGINT) == exit_codes.FAILURE
    assert login.output().splitlines()[-1] == "auth: stopped"


def test_a_login_with_a_device_code_is_stored(
    processes: StartProcess, twitch: OAuthServer, environment: dict[str, str], store: Path
) -> None:
    """With a public application, and without a secret."""
    twitch.state.device_interval_s = 0.1
    environment |= {"TWITCH_CLIENT_ID": PUBLIC_CLIENT_ID, "TWITCH_CLIENT_SECRET": ""}
    login = processes(python_module("auth", "login", "--device"), environment)
    code = wait_for_line(login, r"enter the code (\w{8}) ", WITHIN_S)[1]
    wait_for_line(login, rf"open {twitch.origin}/activate\?device-code={code}$", WITHIN_S)
    twitch.state.decide_device(code, allowed=True)
    assert login.wait(WITHIN_S) == exit_codes.OK
    assert "Logged in as somebot" in login.output()
    assert read_token(store) is not None


def test_missing_settings_are_reported(tmp_path: Path, environment: dict[str, str]) -> None:
    """The exit status is the one for invalid settings."""
    environment |= {"TWITCH_CLIENT_ID": "", "TWITCH_CLIENT_SECRET": ""}
    login = run(tmp_path, environment, "login")
    assert login.returncode == exit_codes.SETTINGS
    assert [line.split(" is ")[0] for line in login.stderr.splitlines()] == [
        "auth: TWITCH_CLIENT_ID",
        "auth: TWITCH_CLIENT_SECRET",
    ]


def test_generate_token_prints_the_lines_for_env(
    tmp_path: Path, twitch: OAuthServer, environment: dict[str, str]
) -> None:
    """Standard output has only these lines, and no store is written."""
    finished = generate_token(tmp_path, environment)
    assert finished.returncode == exit_codes.OK
    token, username = finished.stdout.splitlines()
    assert token.removeprefix("TWITCH_OAUTH_TOKEN=oauth:") in twitch.state.valid_tokens
    assert username == "TWITCH_USERNAME=somebot"
    assert "valid for 4 hours. It is not renewed automatically." in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_generate_token_can_write_to_env(
    tmp_path: Path, twitch: OAuthServer, environment: dict[str, str]
) -> None:
    """The token is not printed, and the rest of the file is unchanged."""
    file = tmp_path / ".env"
    file.write_text("# mine\nTWITCH_OAUTH_TOKEN=oauth:old\n\nTWITCH_USERNAME=SomeBot\nX=1\n")
    finished = generate_token(tmp_path, environment, "--write")
    assert finished.returncode == exit_codes.OK
    before, token, after = file.read_text().partition("\n\n")[0].rpartition("oauth:")
    assert (before, token) == ("# mine\nTWITCH_OAUTH_TOKEN=", "oauth:")
    assert after in twitch.state.valid_tokens
    assert file.read_text().endswith("\n\nTWITCH_USERNAME=SomeBot\nX=1\n")
    assert finished.stdout == ""
    assert after not in finished.stderr


def test_an_env_that_cannot_be_written_is_reported(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Here it is a link into a folder in which no file can be created."""
    (tmp_path / ".env").symlink_to("/proc/sys/kernel/ostype")
    finished = generate_token(tmp_path, environment, "--write")
    assert finished.returncode == exit_codes.FAILURE
    assert "again without --write" in finished.stderr.splitlines()[-1]


def test_the_keeper_renews_tokens_until_sigterm(
    processes: StartProcess, twitch: OAuthServer, environment: dict[str, str], store: Path
) -> None:
    """For several token lifetimes, in real time, with debug logs."""
    twitch.state.token_life_s = 4
    login = processes(python_module("auth", "login"), environment)
    url = wait_for_line(login, r"http://localhost:\d+/auth\b", WITHIN_S)[0]
    requests.get(authorize(url), timeout=TIMEOUT_S)
    login.wait(WITHIN_S)
    keeper = processes(python_module("auth"), environment | {"LOG_LEVEL": "debug"})
    seen = set()

    def three_renewals() -> bool:
        token = read_token(store)
        assert token is not None
        seen.add(token.access_token)
        return len(seen) > 3

    wait_for(three_renewals, WITHIN_S, "three renewals")
    assert keeper.stop() == exit_codes.OK
    output = keeper.output()
    assert output.count("renewed the token of somebot, valid for 4 seconds") >= 3
    assert output.endswith("auth: stopped\n")
    assert "Traceback" not in output
    assert not any(secret in output for secret in seen | {CLIENT_SECRET})
    refresh_tokens = twitch.state.refresh_tokens
    assert not any(token[:20] in output for token in refresh_tokens)


def test_the_keeper_waits_for_a_login(
    processes: StartProcess, twitch: OAuthServer, environment: dict[str, str], store: Path
) -> None:
    """It reads the new login from the store."""
    keeper = processes(python_module("auth"), environment)
    wait_for_line(keeper, "WARNING .*readers are anonymous until", WITHIN_S)
    login = processes(python_module("auth", "login"), environment)
    url = wait_for_line(login, r"http://localhost:\d+/auth\b", WITHIN_S)[0]
    requests.get(authorize(url), timeout=TIMEOUT_S)
    wait_for_line(keeper, "keeping the login of somebot", WITHIN_S)
    wait_for(
        lambda: twitch.state.calls.count("validate") == 2, WITHIN_S, "the validation of the login"
    )
    assert keeper.stop(signal.SIGINT) == exit_codes.OK
    assert read_token(store) is not None


def test_without_settings_the_keeper_waits_for_a_login(
    processes: StartProcess, twitch: OAuthServer, store: Path
) -> None:
    """It uses little memory meanwhile, and keeps the login that appears valid."""
    settings = {"TWITCH_AUTH_URL": twitch.url, "TWITCH_TOKEN_STORE": str(store)}
    keeper = processes(python_module("auth"), settings)
    wait_for_line(keeper, "INFO .*there is no login: readers are anonymous until `", WITHIN_S)
    modules = subprocess.run(
        [sys.executable, "-c", "import auth.__main__, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    )
    assert not {"requests", "http.server"} & set(modules.stdout.split())
    access_token, _ = log_in(twitch)
    with locked_token_store(store) as locked:
        locked.write(msgspec.structs.replace(TOKEN, access_token=access_token))
    wait_for_line(keeper, "keeping the login of somebot", WITHIN_S)
    wait_for(lambda: "validate" in twitch.state.calls, WITHIN_S, "the validation of the login")
    assert keeper.stop() == exit_codes.OK


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_keeper_that_waits_stops_at_once(processes: StartProcess, number: signal.Signals) -> None:
    """It has nothing to store."""
    keeper = processes(python_module("auth"), {})
    wait_for_line(keeper, "there is no login", WITHIN_S)
    assert keeper.stop(number) == exit_codes.OK
    assert keeper.output().endswith("auth: stopped\n")


def test_the_keeper_checks_a_static_token(
    processes: StartProcess, twitch: OAuthServer, environment: dict[str, str]
) -> None:
    """The token expires soon and lacks its prefix."""
    static, _ = log_in(twitch)
    keeper = processes(python_module("auth"), environment | {"TWITCH_OAUTH_TOKEN": static})
    wait_for_line(keeper, "TWITCH_OAUTH_TOKEN expires in 3 hours 59 minutes", WITHIN_S)
    assert 'should start with "oauth:"' in keeper.output()
    assert keeper.stop() == exit_codes.OK
    assert static not in keeper.output()


def test_status_and_revoke_exit_with_status_0(
    tmp_path: Path, twitch: OAuthServer, environment: dict[str, str], store: Path
) -> None:
    """Also without a token. They print to standard output."""
    assert run(tmp_path, environment, "status").returncode == exit_codes.OK
    access_token, _ = log_in(twitch)
    with locked_token_store(store) as locked:
        locked.write(msgspec.structs.replace(TOKEN, access_token=access_token))
    good = run(tmp_path, environment, "status")
    assert good.returncode == exit_codes.OK
    assert "valid    yes" in good.stdout
    assert access_token not in good.stdout + good.stderr
    revoked = run(tmp_path, environment, "revoke")
    assert revoked.returncode == exit_codes.OK
    assert not store.exists()
    assert access_token not in twitch.state.valid_tokens


@pytest.mark.parametrize("command", ["status", "revoke", "login --device"])
def test_a_command_fails_at_once_if_something_else_responds_than_twitch(
    tmp_path: Path, twitch: OAuthServer, environment: dict[str, str], store: Path, command: str
) -> None:
    """Its last line says what. The person can try again; the store stays as it is."""
    with locked_token_store(store) as locked:
        locked.write(TOKEN)
    twitch.forced = ForcedResponse(200, b"<html>Log in to this network", kind="text/html")
    finished = run(tmp_path, environment, *command.split())
    assert finished.returncode == exit_codes.FAILURE
    last_line = (finished.stdout + finished.stderr).splitlines()[-1]
    assert "sent a response that is not OAuth (text/html, 28 bytes)" in last_line
    assert twitch.received == 1
    assert read_token(store) == TOKEN


def test_a_store_that_others_can_read_is_reported_in_one_line(
    tmp_path: Path, environment: dict[str, str], store: Path
) -> None:
    """The line has the command that corrects it."""
    store.write_text("{}")
    store.chmod(0o644)
    for command in ("status", "revoke"):
        finished = run(tmp_path, environment, command)
        assert finished.returncode == exit_codes.FAILURE
        assert len(finished.stderr.splitlines()) == 1
        assert f"chmod 600 {store}" in finished.stderr


def test_help_lists_commands_options_and_settings(tmp_path: Path) -> None:
    """Each subcommand has a help of its own."""
    text = run(tmp_path, {}, "--help").stdout
    for word in ("login", "generate-token", "status", "revoke", "TWITCH_TOKEN_STORE"):
        assert word in text
    assert "--device" in run(tmp_path, {}, "login", "--help").stdout
    assert "--write" in run(tmp_path, {}, "generate-token", "--help").stdout


@pytest.mark.parametrize("arguments", [["logout"], ["login", "--write"], ["status", "now"]])
def test_a_wrong_command_line_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    """With the exit status of argparse."""
    assert run(tmp_path, {}, *arguments).returncode == exit_codes.USAGE
