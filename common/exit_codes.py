"""The exit codes of our processes. supervisord reads them, so they are an interface."""

from __future__ import annotations

#: Stopped on request, or finished.
OK = 0
#: A failure that a restart may fix.
FAILURE = 1
#: The command line is wrong (argparse's exit code).
USAGE = 2
#: Another publisher has fenced this one. A restart would fence that one, and so on indefinitely.
FENCED = 3
#: Ended by Ctrl-C before it was finished (128 and the number of SIGINT, as shells count).
INTERRUPTED = 130
#: A setting is wrong (`EX_CONFIG` of sysexits.h): a restart does not fix it.
SETTINGS = 78
