"""Reads the files in deploy/ for container engines, Kubernetes and Prometheus."""

from __future__ import annotations

import configparser
import subprocess
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from common.settings import KAFKA_CONF_PREFIX, Settings
from tests.processes import REPOSITORY
from tests.requirements import require_program

DEPLOY = REPOSITORY / "deploy"
KUBERNETES = DEPLOY / "kubernetes"

Manifest = dict[str, Any]


def compose_services() -> dict[str, Manifest]:
    """Return the services of compose.yaml by name."""
    services: dict[str, Manifest] = compose_file()["services"]
    return services


def compose_file() -> Manifest:
    """Return compose.yaml."""
    content: Manifest = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return content


def alerts() -> list[Manifest]:
    """Return the alerts of prometheus/rules.yml."""
    content = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())
    return [rule for group in content["groups"] for rule in group["rules"]]


def built(folder: Path) -> list[Manifest]:
    """Return the resources that `kubectl kustomize` builds from *folder*."""
    require_program("kubectl")
    command = ["kubectl", "kustomize", str(folder)]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60).stdout
    return list(yaml.safe_load_all(output))


def of_kind(kind: str, resources: Iterable[Manifest]) -> dict[str, Manifest]:
    """Return the *resources* of the kind *kind* by name."""
    return {each["metadata"]["name"]: each for each in resources if each["kind"] == kind}


def unknown_settings(names: Iterable[str]) -> set[str]:
    """Return the *names* that are not settings of this service."""
    known = {variable.metadata["name"] for variable in fields(Settings) if variable.metadata}
    return {name for name in names if name not in known and not name.startswith(KAFKA_CONF_PREFIX)}


def version() -> str:
    """Return the version of this project."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(REPOSITORY / "setup.cfg")
    return parser["metadata"]["version"]
