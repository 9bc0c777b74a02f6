"""A production set-up that uses `python -m simulator --oauth`, as CONTRIBUTING.md describes it."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.processes import StartProcess, python_module, wait_for_line

TIMEOUT_S = 60.0


@pytest.mark.parametrize("transport", ["TLS", "plain"])
def test_a_reader_logs_in_with_a_token_of_the_local_twitch(
    processes: StartProcess, tmp_path: Path, transport: str
) -> None:
    """The printed settings are all that the login and the reader need. Other tokens are refused."""
    arguments = ["--oauth", "--port", "0", "--oauth-port", "0"]
    arguments += ["--plain"] if transport == "plain" else ["--tls-directory", str(tmp_path / "tls")]
    twitch = processes(python_module("simulator", *arguments))
    wait_for_line(twitch, "playing in", TIMEOUT_S)
    settings = dict(re.findall(r"^    (\w+)=(\S+)$", twitch.output(), re.MULTILINE))
    settings["TWITCH_TOKEN_STORE"] = str(tmp_path / "tokenStore.json")
    settings["STATE_DIR"] = str(tmp_path / "var")

    login = processes(python_module("auth", "login", "--device"), settings)
    url = wait_for_line(login, r"open (http://127\.0\.0\.1:\d+/activate\S+)$", TIMEOUT_S)[1]
    press_authorize(url)
    assert login.wait(TIMEOUT_S) == 0

    processes(python_module("readers", "demo_kitchen"), settings)
    wait_for_line(twitch, "logged in as somebot", TIMEOUT_S)
    wait_for_line(twitch, "somebot joined #demo_kitchen", TIMEOUT_S)

    made_up = {"TWITCH_USERNAME": "somebot", "TWITCH_OAUTH_TOKEN": f"oauth:{'a' * 30}"}
    made_up["TWITCH_TOKEN_STORE"] = str(tmp_path / "none.json")
    refused = processes(python_module("readers", "demo_lounge"), settings | made_up)
    wait_for_line(refused, "Login authentication failed", TIMEOUT_S)


def press_authorize(url: str) -> None:
    """Do what the button of the page at *url* does."""
    fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
    form = urllib.parse.urlencode(fields | {"decision": "authorize"}).encode()
    page = url.partition("?")[0]
    with urllib.request.urlopen(page, form, timeout=TIMEOUT_S) as response:  # noqa: S310
        assert response.status == 200
