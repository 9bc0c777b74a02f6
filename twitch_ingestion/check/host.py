"""What a check looks at: the settings, and which programs run on this host."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from common.settings import Settings
from readers.supervision.programs import LEFT_OUT_AS
from twitch_ingestion.check.programs import SUPERVISORD


@dataclass(frozen=True)
class Host:
    """An installation, in the working directory."""

    settings: Settings
    #: The programs of supervisord.conf that programs.conf leaves out.
    left_out: Set[str]
    #: The channels to read, as far as they can be known.
    channels: tuple[str, ...] = ()

    @property
    def runs_publisher(self) -> bool:
        """Whether the publisher runs here."""
        return "publisher" not in self.left_out

    @property
    def runs_readers(self) -> bool:
        """Whether readers run here."""
        return LEFT_OUT_AS.isdisjoint(self.left_out)

    @property
    def runs_auth(self) -> bool:
        """Whether auth runs here."""
        return "auth" not in self.left_out

    @property
    def runs_monitor(self) -> bool:
        """Whether a monitor runs here."""
        return "monitor" not in self.left_out

    @property
    def is_supervised(self) -> bool:
        """Whether supervisord is started in the working directory."""
        return SUPERVISORD.exists()
