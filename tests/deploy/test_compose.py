"""compose.yaml: what it names has to be there."""

from __future__ import annotations

import re

from tests.deploy.manifests import compose_file, compose_services, unknown_settings, version
from tests.processes import REPOSITORY

#: The longest that a part takes to stop: auth, which waits 15 s for Twitch.
_LONGEST_STOP_S = 15


def test_our_containers_run_this_version_and_kafka_is_the_one_that_is_tested() -> None:
    """Expect no image whose content changes from one day to the next."""
    images = {service["image"] for service in compose_services().values()}
    jars = (REPOSITORY / "tests" / "kafka" / "pom.xml").read_text()
    kafka = re.search(r"<artifactId>kafka_2.13</artifactId>\s*<version>([^<]+)<", jars)
    assert kafka is not None
    assert images == {f"twitch-ingestion-service:{version()}", f"apache/kafka:{kafka[1]}"}


def test_compose_sets_only_settings_that_there_are() -> None:
    """Expect each variable of our containers to be a setting."""
    services = compose_services()
    del services["kafka"]
    assert services
    for service in services.values():
        assert not unknown_settings(service["environment"])


def test_every_volume_is_declared_and_used() -> None:
    """Expect no outbox in a volume that ends with its container."""
    file = compose_file()
    named = {
        volume.split(":")[0]
        for service in file["services"].values()
        for volume in service["volumes"]
        if not volume.startswith(".")
    }
    assert named == set(file["volumes"])


def test_containers_get_the_time_that_they_need_to_stop() -> None:
    """Expect longer than the longest orderly stop, and a new start after a crash."""
    for service in compose_services().values():
        assert int(service["stop_grace_period"].removesuffix("s")) > _LONGEST_STOP_S
        assert service["restart"] in {"unless-stopped", "on-failure"}
