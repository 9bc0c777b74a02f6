"""Which programs the fork server is asked for, and supervisord where there can be none."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from readers.fork_server import extension
from readers.fork_server.extension import _channel, extend


def test_the_command_of_a_reader_names_its_channel() -> None:
    """In the form that the reader uses itself."""
    assert _channel(["python3", "-m", "readers", "#XQC"]) == "xqc"


@pytest.mark.parametrize(
    "command", ["python3 -m readers", "python3 -m readers --help", "python3 -m readers.channels"]
)
def test_every_other_command_is_executed(command: str) -> None:
    """Also that of a reader without a channel: it says itself what is wrong."""
    assert _channel(command.split()) is None


def test_supervisord_starts_readers_itself_where_a_fork_server_cannot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They could not be its children. It says so, and is left as it is."""
    monkeypatch.setattr(extension, "become_subreaper", Mock(side_effect=OSError("no prctl")))
    options = SimpleNamespace(logger=Mock(), fork=Mock(), waitpid=Mock())
    before = options.fork, options.waitpid
    extend(SimpleNamespace(options=options))
    assert (options.fork, options.waitpid) == before
    options.logger.warn.assert_called_once_with(
        "readers start without the fork server and share no memory: no prctl"
    )
