"""A real Prometheus with this repository's configuration, which scrapes every second."""

from __future__ import annotations

import json
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.deploy.manifests import DEPLOY
from tests.ports import free_port
from tests.processes import StartProcess, wait_for
from tests.requirements import require_program

#: A rate needs two scrapes.
WINDOW = "5s"


class PrometheusServer:
    """A Prometheus that scrapes one address."""

    def __init__(
        self, start: StartProcess, folder: Path, target: str, *, window: str = WINDOW
    ) -> None:
        """
        Start it with files in *folder*; it scrapes *target*, HOST:PORT.

        Whether something was published lately is judged by the last *window*, of 2 minutes in the
        rules: a test would wait that long.
        """
        require_program("prometheus")
        configuration = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
        (folder / "prometheus.yml").write_text(
            configuration.replace("127.0.0.1:9464", target).replace("15s", "1s")
        )
        rules = (DEPLOY / "prometheus" / "rules.yml").read_text()
        (folder / "rules.yml").write_text(rules.replace("[2m]", f"[{window}]"))
        self._url = f"http://127.0.0.1:{free_port()}"
        self.process = start(
            [
                str(shutil.which("prometheus")),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address={self._url.removeprefix('http://')}",
                "--log.level=warn",
            ]
        )
        try:
            wait_for(self._is_ready, 60, "Prometheus")
        except TimeoutError as error:
            error.add_note(self.process.tail())
            raise

    def values(self, expression: str) -> list[dict[str, Any]]:
        """Return what Prometheus answers to *expression* now."""
        found: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return found

    def rules(self) -> dict[str, dict[str, Any]]:
        """Return all alerts by name, each with its `health` and `state`."""
        groups = self._get("rules")["groups"]
        return {rule["name"]: rule for group in groups for rule in group["rules"]}

    def alerts(self) -> dict[str, str]:
        """Return the summaries of alerts that are pending or fire, by name."""
        return {
            alert["labels"]["alertname"]: alert["annotations"]["summary"]
            for alert in self._get("alerts")["alerts"]
        }

    def alert_states(self) -> dict[str, str]:
        """Return the states of alerts, `pending` or `firing`, by name. Raises OSError."""
        states: dict[str, str] = {}
        for alert in self._get("alerts")["alerts"]:
            name = alert["labels"]["alertname"]
            if states.get(name) != "firing":
                states[name] = alert["state"]
        return states

    def _get(self, what: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        address = f"{self._url}/api/v1/{what}?{query}"
        with urllib.request.urlopen(address, timeout=30) as response:  # noqa: S310
            return json.load(response)["data"]

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready", timeout=2):  # noqa: S310
                return True
        except (urllib.error.URLError, OSError):
            return False


def soon(expression: str) -> str:
    """Return *expression* with windows that are full after a few scrapes."""
    return re.sub(r"\[\w+\]", f"[{WINDOW}]", expression)
