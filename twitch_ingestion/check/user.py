"""Whether this check runs as the user whom the service runs as."""

from __future__ import annotations

import os
from collections.abc import Iterator

from common.service_user import command_as, other_owner
from twitch_ingestion.check.findings import Finding, ok, warning, wrong
from twitch_ingestion.check.host import Host


def check_user(host: Host) -> Iterator[Finding]:
    """Yield whether what follows is what the service will find."""
    state = host.settings.state_dir
    found = other_owner([state, host.settings.twitch_token_store])
    if found is not None:
        path, user = found
        yield wrong(
            f"{path} belongs to {user}, and this is root, who may read and write more than the"
            f" service. Check as that user: {command_as(user, 'check')}"
        )
        return
    me = os.geteuid()
    try:
        owner = state.stat().st_uid
    except OSError:
        yield ok(f"user id {me}; STATE_DIR ({state}) does not exist yet")
        return
    if owner in {me, 0}:
        yield ok(f"user id {me}; STATE_DIR ({state}) belongs to user id {owner}")
    else:
        yield warning(
            f"STATE_DIR ({state}) belongs to user id {owner}, and this is {me}: check as the user"
            " whom the service runs as"
        )
