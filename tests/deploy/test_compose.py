"""compose.yaml names existing versions, settings and volumes."""

from __future__ import annotations

import re

from tests.deploy.manifests import compose_file, compose_services, unknown_settings, version
from tests.processes import REPOSITORY

#: The longest time that a process takes to stop: auth waits up to 15 s for Twitch.
_LONGEST_STOP_S = 15


def test_containers_run_this_version_and_the_tested_kafka() -> None:
    """No image has a tag whose content changes."""
    images = {service["image"] for service in compose_services().values()}
    jars = (REPOSITORY / "tests" / "kafka" / "pom.xml").read_text()
    kafka = re.search(r"<artifactId>kafka_2.13</artifactId>\s*<version>([^<]+)<", jars)
    assert kafka is not None
    assert images == {f"twitch-ingestion-service:{version()}", f"apache/kafka:{kafka[1]}"}


def test_compose_sets_only_existing_settings() -> None:
    """Each variable of the service's containers is a setting."""
    services = compose_services()
    del services["kafka"]
    assert services
    for service in services.values():
        assert not unknown_settings(service["environment"])


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
    assert [volume["source"] for volume in mounted] == ["../channels.conf"]
    assert all(volume["bind"] == {"create_host_path": False} for volume in mounted)


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
