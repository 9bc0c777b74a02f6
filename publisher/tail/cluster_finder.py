"""Finds the Kafka cluster that `tail` reads; the embedded one may start and stop meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from common.files import read_small_file
from common.settings import EMBEDDED, Settings, SettingsError
from publisher.kafka.embedded import bootstrap_file
from publisher.kafka.properties import Cluster

#: An address is far shorter.
_LARGEST_BYTES = 4096

logger = logging.getLogger(__name__)


class ClusterFinder:
    """
    Finds the cluster in KAFKA_BROKERS if that is set, else the embedded cluster of a publisher that
    runs here, else the default cluster.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._file = bootstrap_file(settings.state_dir)
        self._brokers = settings.kafka_brokers
        self._embedded = self._brokers == EMBEDDED
        self._is_configured = bool(environment.get("KAFKA_BROKERS", "").strip())
        self._logged_waiting = False

    def find(self) -> Cluster | None:
        """
        Return the current cluster; None while we wait for the embedded one.

        Raises SettingsError if the file of the embedded cluster cannot be read.
        """
        if self._is_configured and not self._embedded:
            return Cluster(self._brokers)
        try:
            brokers = read_small_file(self._file, _LARGEST_BYTES).decode().strip()
        except FileNotFoundError:
            return self._without_file()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"cannot read {self._file}: {error}; remove it, and restart the publisher that"
                " runs an embedded Kafka, if there is one"
            ) from None
        if not brokers:
            return self._without_file()
        self._embedded, self._logged_waiting = True, False
        return Cluster(brokers, embedded=True)

    def _without_file(self) -> Cluster | None:
        if not self._embedded:
            return Cluster(self._brokers)
        if not self._logged_waiting:
            logger.info("no publisher with an embedded Kafka is running here; waiting for one")
            self._logged_waiting = True
        return None
