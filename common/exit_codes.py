"""The exit statuses of our processes. supervisord reads them, so they are an interface."""

from __future__ import annotations

#: Stopped as asked, with nothing left to do.
OK = 0
#: Something went wrong that a restart may mend.
FAILURE = 1
#: The command line is wrong (what argparse exits with).
USAGE = 2
#: Another publisher has taken this one's place: a restart would take it back, and so on for ever.
FENCED = 3
#: A setting is wrong (`EX_CONFIG` of sysexits.h): a restart does not mend it.
SETTINGS = 78
