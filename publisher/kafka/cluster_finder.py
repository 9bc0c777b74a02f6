"""Which Kafka cluster a look at the topic goes to; the embedded one comes and goes."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from common.settings import EMBEDDED, Settings
from publisher.kafka.embedded import bootstrap_file
from publisher.kafka.properties import Cluster

logger = logging.getLogger(__name__)


class ClusterFinder:
    """
    Finds the cluster that KAFKA_BROKERS names where it is set, else the embedded one of a publisher
    that runs here, else the default.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._file = bootstrap_file(settings.state_dir)
        self._brokers = settings.kafka_brokers
        self._embedded = self._brokers == EMBEDDED
        self._is_configured = bool(environment.get("KAFKA_BROKERS", "").strip())
        self._said_waiting = False

    def find(self) -> Cluster | None:
        """Return the cluster as of now; None while the embedded one is to come, or to come back."""
        if self._is_configured and not self._embedded:
            return Cluster(self._brokers)
        try:
            brokers = self._file.read_text().strip()
        except FileNotFoundError:
            return self._without_file()
        self._embedded, self._said_waiting = True, False
        return Cluster(brokers, embedded=True)

    def _without_file(self) -> Cluster | None:
        if not self._embedded:
            return Cluster(self._brokers)
        if not self._said_waiting:
            logger.info("no publisher with an embedded Kafka runs here; waiting for one")
            self._said_waiting = True
        return None
