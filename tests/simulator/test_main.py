"""`python -m simulator`, as a process."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.simulator.raw_client import RawClient

COMMAND = [sys.executable, "-u", "-m", "simulator"]
TIMEOUT_S = 60.0


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start the simulator, and yield its process and its port. Kill it if it still runs."""
    command = [*COMMAND, "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            listening = process.stdout.readline()
            assert "listening on 127.0.0.1:" in listening
            yield process, int(listening.split("127.0.0.1:")[1].split(" ")[0])
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_recorded_chat_is_played_until_a_signal_comes(
    tmp_path: Path, number: signal.Signals
) -> None:
    """A client receives it over TLS. Each event is a line on stdout. The exit status is 0."""
    with started("--tls-directory", str(tmp_path), "--rate", "100") as (process, port):
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        async with await RawClient.connect(port, trusting) as client:
            await client.log_in("justinfan1", "twitch.tv/tags", "twitch.tv/commands")
            client.send("JOIN #demo_kitchen")
            while " PRIVMSG #demo_kitchen :" not in await client.read_line():
                pass
            process.send_signal(number)
            assert process.wait(TIMEOUT_S) == 0
            assert process.stdout
            output = process.stdout.read()

    # As a line of the programs that run beside it in the demo.
    assert re.search(
        r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INFO    simulator: playing in"
        r" #demo_kitchen, #demo_lounge, #demo_speedrun$",
        output,
        re.MULTILINE,
    )
    assert "logged in as justinfan1" in output
    assert "justinfan1 joined #demo_kitchen" in output
    assert "justinfan1 disconnected" in output
    assert "Traceback" not in output


async def test_the_option_plain_turns_tls_off() -> None:
    """A client without TLS logs in."""
    with started("--plain") as (_, port):
        async with await RawClient.connect(port) as client:
            await client.log_in()


def test_a_port_in_use_is_reported_in_one_line() -> None:
    """The exit status is 1, and there is no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = _run("--plain", "--port", str(port))

    assert result.returncode == 1
    assert result.stderr == (
        f"simulator: port {port} is in use: "
        "stop the program that uses it, or choose another with --port\n"
    )


@pytest.mark.parametrize("arguments", [[], ["--oauth", "--oauth-port", "0"]], ids=" ".join)
def test_a_missing_package_for_tls_is_reported_in_one_line(
    tmp_path: Path, arguments: list[str]
) -> None:
    """After an installation without the extra. The line says what to do."""
    without = "import sys; sys.modules['trustme'] = None; from simulator.__main__ import main"
    command = [sys.executable, "-c", f"{without}; sys.exit(main(sys.argv[1:]))"]
    result = subprocess.run(
        [*command, "--port", "0", "--tls-directory", str(tmp_path), *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr == (
        "simulator: TLS needs the package trustme: install this project's extra `simulator` (in a "
        "clone: scripts/install simulator), or use --plain\n"
    )


@pytest.mark.parametrize("option", ["--port", "--oauth-port"])
def test_the_option_of_a_port_in_use_is_named(option: str) -> None:
    """Of both servers."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"--port": "0", "--oauth-port": "0", option: str(port)}
        result = _run("--plain", "--oauth", *(word for pair in ports.items() for word in pair))

    assert result.returncode == 1
    assert result.stderr.endswith(f"choose another with {option}\n")
    assert result.stderr.count("\n") == 1


def test_unreadable_certificates_are_reported_in_one_line(tmp_path: Path) -> None:
    """The exit status is 1, and there is no traceback."""
    (tmp_path / "ca.pem").touch()
    result = _run("--tls-directory", str(tmp_path))

    assert result.returncode == 1
    assert result.stderr.startswith("simulator: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["--rate", "0"], ["--rate", "nan"], ["--port", "65536"], ["--plain", "--tls-directory", "x"]],
    ids=" ".join,
)
def test_a_wrong_command_line_is_refused(arguments: list[str]) -> None:
    """The exit status is 2, and the message names the option."""
    result = _run(*arguments)

    assert result.returncode == 2
    assert f"argument {arguments[-2]}: " in result.stderr


def test_help_lists_every_option() -> None:
    """With its default."""
    result = _run("--help")

    assert result.returncode == 0
    unwrapped = " ".join(result.stdout.split())
    for text in ("--port NUMBER", "default: 6697", "--rate NUMBER", "default: 3", "--plain"):
        assert text in unwrapped
    assert "--tls-directory DIR" in unwrapped
    assert "default: var/simulator" in unwrapped


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
