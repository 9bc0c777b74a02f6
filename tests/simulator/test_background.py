"""The server in a separate thread, for tests that are not asynchronous."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from simulator.background import BackgroundChatServer
from simulator.chat_server import ChatServer


def test_the_server_is_driven_from_another_thread() -> None:
    """A blocking client joins and receives what the test makes the server send."""
    with (
        BackgroundChatServer() as chat,
        socket.create_connection(("127.0.0.1", chat.port), timeout=10) as client,
        client.makefile("r", newline="\r\n") as lines,
    ):
        client.sendall(b"NICK justinfan1\r\nJOIN #cooking\r\n")
        (session,) = chat.run(chat.server.wait_for_join("cooking"))
        assert chat.run(chat.server.say("cooking", "hello", login="alice")) == 1
        assert session.name == "justinfan1"
        received = next(line for line in lines if "PRIVMSG" in line)
        assert received == ":alice!alice@alice.tmi.twitch.tv PRIVMSG #cooking :hello\r\n"


def test_an_error_in_the_server_thread_is_raised_in_the_caller() -> None:
    """It is the exception that the coroutine raised."""
    with BackgroundChatServer() as chat, pytest.raises(TimeoutError, match="#nobody"):
        chat.run(chat.server.wait_for_join("nobody", timeout_s=0))


def test_a_coroutine_that_takes_too_long_is_cancelled() -> None:
    """The caller gets a TimeoutError, and the server can still be closed."""
    with BackgroundChatServer() as chat, pytest.raises(TimeoutError):
        chat.run(asyncio.Event().wait(), timeout_s=0.01)


def test_no_thread_is_left_when_the_port_is_in_use() -> None:
    """The system's error is raised, and the thread has ended."""
    with BackgroundChatServer() as chat:
        threads = set(threading.enumerate())
        with (
            pytest.raises(OSError, match="address already in use"),
            BackgroundChatServer(ChatServer(port=chat.port)),
        ):
            pass
        # One of an earlier test may end meanwhile.
        assert set(threading.enumerate()) <= threads
