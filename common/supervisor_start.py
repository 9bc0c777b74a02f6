"""
What supervisord needs before it starts programs: open files, and a folder that it can include from.

supervisord refuses to start if the hard limit of open files is less than its setting `minfds`. Ours
is so low that this does not happen; here the soft limit is raised as far as allowed.
supervisord gets only as many readers as fit (readers/supervision/plan.py).
"""

from __future__ import annotations

import glob
import sys
from typing import Any

from common import exit_codes
from common.open_files import raise_open_files

#: Files that supervisord has open for each program: the pipes for its input and its output.
FILES_PER_PROGRAM = 2
#: Files for all else, such as connections of supervisorctl.
OTHER_FILES = 100


def allow_open_files(supervisord: Any, _: Any = None) -> None:
    """
    Raise the limit of open files, and have *supervisord* close its own files in new programs.

    supervisord closes the descriptors up to `minfds` in each program that it starts. To be called
    again when there are more programs.
    """
    raise_open_files()
    programs = sum(len(group.processes) for group in supervisord.process_groups.values())
    supervisord.options.minfds = FILES_PER_PROGRAM * programs + OTHER_FILES


def refuse_odd_folder(supervisord: Any, _: Any) -> None:
    """
    Exit with exit_codes.SETTINGS if supervisord cannot include files from its folder.

    supervisord includes with a pattern that begins with its folder. In a folder `a[x]`, it finds
    neither programs.conf nor the programs of the readers.
    """
    folder = supervisord.options.here
    if glob.has_magic(folder):
        supervisord.options.logger.critical(
            f"{folder} has one of the characters [, * and ? in its path, so supervisord cannot"
            " include files from there: rename the folder"
        )
        sys.exit(exit_codes.SETTINGS)
