"""The topics that `tail` can print, by the words of its option `--topic`."""

from __future__ import annotations

from common.settings import Settings, SettingsError

MESSAGES, EVENTS, GAPS, DEAD_LETTERS = "messages", "events", "gaps", "dead-letters"
ALL = "all"

CHOICES = (MESSAGES, EVENTS, GAPS, DEAD_LETTERS, ALL)


def topic_names(settings: Settings) -> dict[str, str]:
    """Return the name of each topic; of events "" if they are switched off."""
    return {
        MESSAGES: settings.kafka_topic_chat_messages,
        EVENTS: settings.kafka_topic_chat_events,
        GAPS: settings.kafka_topic_chat_gaps,
        DEAD_LETTERS: settings.kafka_topic_dead_letters,
    }


def chosen_topics(settings: Settings, choice: str) -> list[str]:
    """Return the names of the topics to print. Raises SettingsError if there is none."""
    names = topic_names(settings)
    if choice == ALL:
        # Two settings may name the same topic.
        return list(dict.fromkeys(filter(None, names.values())))
    if not names[choice]:
        raise SettingsError(
            "KAFKA_TOPIC_CHAT_EVENTS is set to nothing, so there are no events to print: set it to"
            " the name of a topic, or remove it"
        )
    return [names[choice]]
