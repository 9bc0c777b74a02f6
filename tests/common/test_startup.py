"""The first step of a real process."""

from __future__ import annotations

import json

from common import exit_codes
from tests.processes import StartProcess, python_module


def test_a_wrong_setting_is_logged_in_the_configured_format(processes: StartProcess) -> None:
    """A program that reads the log expects one JSON object a line, now too."""
    settings = {"LOG_FORMAT": "json", "KAFKA_TOPIC_PARTITIONS": "many"}
    publisher = processes(python_module("publisher"), settings)
    assert publisher.wait(20) == exit_codes.SETTINGS
    line = json.loads(publisher.output())
    assert line["process"] == "publisher"
    assert line["message"].startswith("KAFKA_TOPIC_PARTITIONS holds 'many', but should hold ")
