"""The part of `--help` that describes settings."""

from __future__ import annotations

from common.setting_table import KAFKA_CONF_PREFIX, KAFKA_CONF_USERS, variables


def settings_help(command: str = "") -> str:
    """
    Return a text with the settings that *command* uses, or with all: name, purpose and default.

    *command* is a subcommand of `twitch-ingestion`, as in the table of settings.
    """
    lines = ["settings (environment variables, or .env in the working directory):"]
    for variable in variables():
        about = variable.metadata
        if _uses(command, about["users"]):
            default = f" [{about['default']}]" if about["default"] else ""
            lines.append(f"  {about['name']:<27}{about['help']}{default}")
    if _uses(command, KAFKA_CONF_USERS):
        family = f"{KAFKA_CONF_PREFIX}*"
        lines.append(f"  {family:<27}any librdkafka property, such as KAFKA_CONF_SASL_USERNAME")
    return "\n".join(lines)


def _uses(command: str, users: str) -> bool:
    return not command or command in users.split()
