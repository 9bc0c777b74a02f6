"""compose.yaml names existing versions, settings and volumes."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.deploy.manifests import (
    DEPLOY,
    Manifest,
    compose_file,
    compose_services,
    unknown_settings,
    version,
)
from tests.processes import REPOSITORY

#: The longest time that a process takes to stop: auth waits up to 15 s for Twitch.
_LONGEST_STOP_S = 15


def test_containers_run_this_version_and_the_tested_kafka() -> None:
    """No image has a tag whose content changes."""
    images = {service["image"] for service in compose_services().values()}
    jars = (REPOSITORY / "tests" / "kafka" / "pom.xml").read_text()
    kafka = re.search(r"<artifactId>kafka_2.13</artifactId>\s*<version>([^<]+)<", jars)
    assert kafka is not None
    ours = {f"twitch-ingestion-service:{version()}", f"apache/kafka:{kafka[1]}"}
    assert ours < images
    others = images - ours
    assert {image.split(":")[0] for image in others} == {"prom/prometheus", "grafana/grafana-oss"}
    assert all(re.fullmatch(r".+:v?\d+\.\d+\.\d+", image) for image in others)


def test_compose_sets_only_existing_settings() -> None:
    """Each variable of the service's containers is a setting."""
    ours = [each for each in compose_services().values() if each["image"].startswith("twitch-")]
    assert ours
    for service in ours:
        assert not unknown_settings(service["environment"])


def mounted_file(service: Manifest, path: str) -> Path:
    """Return the file of this repository that *service* has at *path*."""
    for volume in service["volumes"]:
        if not isinstance(volume, str) and path.startswith(volume["target"] + "/"):
            inside = path.removeprefix(volume["target"] + "/")
            return Path(DEPLOY / volume["source"] / inside)
    raise AssertionError(f"nothing is mounted at {path}")


def test_every_volume_is_declared_and_used() -> None:
    """No outbox is in a volume that is removed with its container."""
    file = compose_file()
    named = {
        volume.split(":")[0]
        for service in file["services"].values()
        for volume in service["volumes"]
        if isinstance(volume, str)
    }
    assert named == set(file["volumes"])


def test_a_file_of_this_host_that_is_missing_is_an_error() -> None:
    """Docker would make an empty folder of its name."""
    mounted = [
        volume
        for service in compose_services().values()
        for volume in service["volumes"]
        if not isinstance(volume, str)
    ]
    assert mounted
    for volume in mounted:
        assert volume["bind"] == {"create_host_path": False}
        if volume["source"] != "../channels.conf":
            assert (DEPLOY / volume["source"]).is_dir()


def test_what_monitoring_mounts_is_where_its_settings_say() -> None:
    """Prometheus finds its configuration, Grafana its provisioning and the dashboard."""
    services = compose_services()
    [configuration] = [
        word.removeprefix("--config.file=")
        for word in services["prometheus"]["command"]
        if word.startswith("--config.file=")
    ]
    assert mounted_file(services["prometheus"], configuration).is_file()
    provisioning = services["grafana"]["volumes"][1]
    assert provisioning["target"] == "/etc/grafana/provisioning"
    folder = DEPLOY / provisioning["source"]
    [provider] = yaml.safe_load((folder / "dashboards" / "twitch-ingestion.yml").read_text())[
        "providers"
    ]
    dashboards = mounted_file(services["grafana"], provider["options"]["path"] + "/")
    assert [file.suffix for file in dashboards.iterdir()] == [".json"]
    [source] = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"


def test_prometheus_scrapes_the_containers_that_have_a_monitor() -> None:
    """With the token that they get."""
    text = (DEPLOY / "prometheus" / "prometheus.compose.yml").read_text()
    [scraped] = yaml.safe_load(text)["scrape_configs"]
    services = compose_services()
    [targets] = scraped["static_configs"]
    for target in targets["targets"]:
        environment = services[target.removesuffix(":9464")]["environment"]
        assert environment["MONITOR_BIND"] == "${MONITOR_TOKEN:+0.0.0.0:9464}"
        assert environment["MONITOR_TOKEN"] == "${MONITOR_TOKEN:-}"
    [secret] = services["prometheus"]["secrets"]
    assert scraped["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    assert compose_file()["secrets"][secret] == {"environment": "MONITOR_TOKEN"}


def test_grafana_wants_a_password_and_only_this_host_reaches_what_is_published() -> None:
    """Metrics name channels, and Kafka takes messages."""
    grafana = compose_services()["grafana"]["environment"]
    assert grafana["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/monitor-token"
    assert grafana["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    for service in compose_services().values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_the_demo_is_started_only_by_its_name_and_needs_nothing() -> None:
    """A profile keeps it out of `up`."""
    demo = compose_services()["demo"]
    assert demo["profiles"] == ["demo"]
    assert (demo["env_file"], demo.get("depends_on")) == ([], None)


def test_containers_get_enough_time_to_stop() -> None:
    """More than the longest orderly stop takes. After a crash they are restarted."""
    for service in compose_services().values():
        assert int(service["stop_grace_period"].removesuffix("s")) > _LONGEST_STOP_S
        assert service["restart"] in {"unless-stopped", "on-failure"}
