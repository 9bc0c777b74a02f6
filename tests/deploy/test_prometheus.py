"""The configurations and alerts for Prometheus, as promtool sees them, and their manual."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import DEPLOY, alerts
from tests.docs.markdown import anchors, headings
from tests.processes import REPOSITORY
from tests.requirements import require_program

_FOLDER = DEPLOY / "prometheus"
_MANUAL = REPOSITORY / "docs" / "monitoring.md"


def promtool(*arguments: str, folder: Path = _FOLDER) -> str:
    """Run promtool with *arguments* in *folder*; fail with its output if it does."""
    require_program("promtool")
    finished = subprocess.run(
        ["promtool", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus.compose.yml"])
def test_the_configurations_are_valid(tmp_path: Path, name: str) -> None:
    """Also with a token, which is in a comment where it is not needed."""
    (tmp_path / "rules.yml").write_text((_FOLDER / "rules.yml").read_text())
    (tmp_path / "monitor-token").write_text("a token")
    text = (_FOLDER / name).read_text()
    with_token = text.replace("    # authorization:\n    #   ", "    authorization:\n      ")
    here = with_token.replace("/run/secrets/", "")
    assert "\n      credentials_file: monitor-token\n" in here
    (tmp_path / name).write_text(here)
    assert f"{name} is valid" in promtool("check", "config", name, folder=tmp_path)
    [scraped] = yaml.safe_load(text)["scrape_configs"]
    assert scraped["job_name"] == "twitch-ingestion"


def test_the_alerts_fire_and_are_silent_as_their_tests_say() -> None:
    """`promtool test rules` computes them from made-up metrics."""
    promtool("check", "rules", "rules.yml")
    promtool("test", "rules", "rules_test.yml")


def test_each_alert_has_a_test_of_its_firing_and_of_its_silence() -> None:
    """A rule that nobody has seen firing may never do so."""
    fire: set[str] = set()
    silent: set[str] = set()
    for group in yaml.safe_load((_FOLDER / "rules_test.yml").read_text())["tests"]:
        for check in group["promql_expr_test"]:
            [name] = re.findall(r'alertname="(\w+)"', check["expr"])
            (fire if check["exp_samples"] else silent).add(name)
    names = {alert["alert"] for alert in alerts()}
    assert names
    assert fire == silent == names


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_each_alert_says_what_is_wrong_what_to_do_and_where_the_manual_is(
    alert: dict[str, Any],
) -> None:
    """The manual has a section for it."""
    assert alert["labels"]["severity"] in {"critical", "warning"}
    notes = alert["annotations"]
    assert notes.keys() == {"summary", "description", "runbook"}
    page, anchor = notes["runbook"].split("#")
    assert REPOSITORY / page == _MANUAL
    assert anchor == alert["alert"].lower()
    assert anchor in anchors(_MANUAL.read_text())


def test_the_manual_explains_no_alert_that_is_none() -> None:
    """Nor one under a former name."""
    explained = {
        name for name in headings(_MANUAL.read_text()) if re.match("TwitchIngestion", name)
    }
    assert explained == {alert["alert"] for alert in alerts()}
