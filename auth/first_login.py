"""
Waits for the first login. Most installations read anonymously and never have one, so this imports
nothing that talks to Twitch.
"""

from __future__ import annotations

import logging
import threading

from auth.status_page import AuthPage
from common.command_line import command
from common.settings import Settings
from common.supervisor_watch import supervisor_has_gone
from common.token_store import has_token_store

#: Seconds between two looks at the token store.
LOOK_EVERY_S = 1.0

logger = logging.getLogger(__name__)


def wait_for_login(settings: Settings, page: AuthPage, stop: threading.Event) -> bool:
    """
    Return True once there is a login, stored or static.

    Returns False if there is none when *stop* is set or supervisord has ended.
    """
    if settings.twitch_oauth_token or has_token_store(settings.twitch_token_store):
        return True
    # Somebody who has registered an application means to log in.
    level = logging.WARNING if settings.twitch_client_id else logging.INFO
    logger.log(
        level, "there is no login: readers are anonymous until `%s`", command("auth", "login")
    )
    while not (stop.wait(LOOK_EVERY_S) or supervisor_has_gone()):
        page.turned()
        if has_token_store(settings.twitch_token_store):
            return True
    return False
